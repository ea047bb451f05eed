package dev.weft.testkit.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Lines over time, drawn as SVG: panels beneath each other that share the time axis. The same input gives the same text,
 * byte by byte.
 */
public final class Picture {

    private static final int WIDTH = 720;
    private static final int LEFT = 70;
    private static final int RIGHT = 20;
    private static final int TOP = 54;
    private static final int PANEL = 120;
    private static final int GAP = 38;
    private static final List<String> COLOURS = List.of("#1565c0", "#c62828", "#2e7d32", "#6a1b9a");

    /**
     * A line: one value for each slice of time.
     *
     * @param values one that is not a number is a gap
     */
    public record Line(String name, double[] values) {}

    /** A panel. */
    private record Panel(String label, double most, List<Line> lines) {}

    private final String title;
    private final double sliceSeconds;
    private final List<Panel> panels = new ArrayList<>();
    private double shadeFrom;
    private double shadeTo;

    public Picture(String title, double sliceSeconds) {
        this.title = title;
        this.sliceSeconds = sliceSeconds;
    }

    /** Shades a time in all panels, in seconds. */
    public Picture shade(double from, double to) {
        shadeFrom = from;
        shadeTo = to;
        return this;
    }

    /**
     * Adds a panel beneath the others.
     *
     * @param label of its axis, with the unit
     * @param most the top of the axis, what lies above is cut; 0 for the largest value
     */
    public Picture panel(String label, double most, Line... lines) {
        panels.add(new Panel(label, most, List.of(lines)));
        return this;
    }

    public String svg() {
        int height = TOP + panels.size() * (PANEL + GAP) + 10;
        var svg = new StringBuilder();
        svg.append(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n"
                        .formatted(WIDTH, height));
        svg.append("<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n".formatted(WIDTH, height));
        text(svg, LEFT, 18, "start", "black", title);
        legend(svg);
        double seconds = seconds();
        for (int i = 0; i < panels.size(); i++)
            panel(svg, panels.get(i), TOP + i * (PANEL + GAP), seconds);
        return svg.append("</svg>\n").toString();
    }

    private double seconds() {
        int longest = 1;
        for (var panel : panels)
            for (var line : panel.lines) longest = Math.max(longest, line.values.length);
        return longest * sliceSeconds;
    }

    private void legend(StringBuilder svg) {
        if (panels.isEmpty()) return;
        int x = LEFT;
        int colour = 0;
        for (var line : panels.getFirst().lines) {
            text(svg, x, 38, "start", COLOURS.get(colour++ % COLOURS.size()), "— " + line.name);
            x += 30 + 8 * line.name.length();
        }
    }

    private void panel(StringBuilder svg, Panel panel, int top, double seconds) {
        double most = panel.most > 0 ? panel.most : nice(largest(panel));
        int bottom = top + PANEL;
        if (shadeTo > shadeFrom)
            svg.append(
                    "<rect x=\"%s\" y=\"%d\" width=\"%s\" height=\"%d\" fill=\"#eeeeee\"/>\n"
                            .formatted(
                                    number(x(shadeFrom, seconds)),
                                    top,
                                    number(x(shadeTo, seconds) - x(shadeFrom, seconds)),
                                    PANEL));
        for (int i = 0; i <= 2; i++) {
            int y = bottom - i * PANEL / 2;
            svg.append(
                    "<path d=\"M%d %dH%d\" stroke=\"#bbbbbb\"/>\n"
                            .formatted(LEFT, y, WIDTH - RIGHT));
            text(svg, LEFT - 6, y + 4, "end", "black", number(most * i / 2));
        }
        for (int i = 0; i <= 6; i++) {
            double at = seconds * i / 6;
            text(svg, x(at, seconds), bottom + 14, "middle", "black", number(at) + " s");
        }
        text(svg, LEFT + 4, top - 4, "start", "black", panel.label);
        int colour = 0;
        for (var line : panel.lines) {
            svg.append(
                    "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\"/>\n"
                            .formatted(
                                    path(line, bottom, most, seconds),
                                    COLOURS.get(colour++ % COLOURS.size())));
        }
    }

    private String path(Line line, int bottom, double most, double seconds) {
        var path = new StringBuilder();
        boolean pen = false;
        for (int i = 0; i < line.values.length; i++) {
            double value = line.values[i];
            if (!Double.isFinite(value)) {
                pen = false;
                continue;
            }
            double y = bottom - PANEL * Math.clamp(value / most, 0, 1);
            path.append(pen ? 'L' : 'M')
                    .append(number(x((i + 0.5) * sliceSeconds, seconds)))
                    .append(' ')
                    .append(number(y));
            pen = true;
        }
        return path.toString();
    }

    private static double x(double atSeconds, double seconds) {
        return LEFT + (WIDTH - LEFT - RIGHT) * atSeconds / seconds;
    }

    private static double largest(Panel panel) {
        double largest = 0;
        for (var line : panel.lines)
            for (double value : line.values)
                if (Double.isFinite(value)) largest = Math.max(largest, value);
        return largest;
    }

    /** The next of 1, 2, 5, 10, 20 … */
    private static double nice(double value) {
        if (value <= 0) return 1;
        double power = Math.pow(10, Math.floor(Math.log10(value)));
        for (double step : new double[] {1, 2, 5}) if (value <= step * power) return step * power;
        return 10 * power;
    }

    private static void text(
            StringBuilder svg, double x, double y, String anchor, String colour, String text) {
        svg.append(
                "<text x=\"%s\" y=\"%s\" text-anchor=\"%s\" fill=\"%s\">%s</text>\n"
                        .formatted(
                                number(x),
                                number(y),
                                anchor,
                                colour,
                                text.replace("&", "&amp;").replace("<", "&lt;")));
    }

    /** At most one digit behind the point. */
    private static String number(double value) {
        var text = String.format(Locale.ROOT, "%.1f", value);
        return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
    }
}
