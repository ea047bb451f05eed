package dev.weft.cli;

import picocli.CommandLine.IVersionProvider;

/** What {@code weft --version} prints: the version in the jar's manifest. */
final class Version implements IVersionProvider {

    @Override
    public String[] getVersion() {
        String version = Main.class.getPackage().getImplementationVersion();
        return new String[] {"weft " + (version == null ? "(from classes)" : version)};
    }
}
