package dev.weft.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class BodyTest {

    private final AtomicInteger closed = new AtomicInteger();

    private InputStream stream(int size) {
        return new ByteArrayInputStream(new byte[size]) {
            @Override
            public void close() {
                closed.incrementAndGet();
            }
        };
    }

    private BoundedInput bounded(int size, long limit, OptionalLong declared) {
        return new BoundedInput(stream(size), limit, declared);
    }

    @Test
    void bytes_at_hand_can_be_read_again() throws IOException {
        var body = Body.of("text");
        assertThat(body.atHand()).isTrue();
        assertThat(body.length()).hasValue(4);
        assertThat(body.text()).isEqualTo("text").isEqualTo(body.text());
        assertThat(body.stream().readAllBytes()).hasSize(4);
        assertThat(body.stream().readAllBytes()).hasSize(4);
        assertThat(Body.of("")).isSameAs(Body.EMPTY);
    }

    @Test
    void a_stream_is_read_once_and_its_bytes_are_kept() {
        var body = Body.of(stream(9), OptionalLong.empty());
        assertThat(body.atHand()).isFalse();
        assertThat(body.length()).isEmpty();
        assertThat(body.bytes()).hasSize(9).isSameAs(body.bytes());
        assertThat(body.atHand()).isTrue();
        assertThat(closed).hasValue(1);
    }

    @Test
    void a_stream_is_read_up_to_a_limit() {
        assertThat(Body.of(stream(9), OptionalLong.empty()).bytes(9)).hasSize(9);
        for (var length : new OptionalLong[] {OptionalLong.empty(), OptionalLong.of(9)}) {
            closed.set(0);
            var body = Body.of(stream(9), length);
            assertThatThrownBy(() -> body.bytes(8))
                    .isInstanceOf(Failure.TooLarge.class)
                    .hasMessageContaining("8 bytes");
            assertThat(closed).hasValue(1);
        }
        assertThat(Body.of("text").bytes(1)).as("at hand already").hasSize(4);
    }

    @Test
    void a_filter_reads_the_stream_in_its_place() {
        var body = Body.of(stream(9), OptionalLong.of(9));
        var filtered = body.through(in -> new BoundedInput(in, 5, OptionalLong.empty()));
        assertThat(body.whole()).isFalse();
        assertThat(filtered.whole()).isTrue();
        assertThat(filtered.length()).hasValue(9);
        filtered.close();
        assertThat(closed).hasValue(1);
        var atHand = Body.of("text");
        assertThat(atHand.through(in -> stream(1))).isSameAs(atHand);
        assertThat(body.through(in -> stream(1))).isSameAs(body);
    }

    @Test
    void a_stream_is_taken_once() {
        var body = Body.of(stream(9), OptionalLong.of(9));
        assertThat(body.stream()).isNotNull();
        assertThatThrownBy(body::stream).isInstanceOf(IllegalStateException.class);
        body.close();
        assertThat(closed).as("whoever took it closes it").hasValue(0);
    }

    @Test
    void is_whole_until_its_stream_is_taken_or_closed() {
        assertThat(Body.of("text").whole()).isTrue();
        assertThat(Body.EMPTY.whole()).isTrue();
        var taken = Body.of(stream(9), OptionalLong.of(9));
        assertThat(taken.whole()).isTrue();
        assertThat(taken.stream()).isNotNull();
        assertThat(taken.whole()).isFalse();
        var dropped = Body.of(stream(9), OptionalLong.of(9));
        dropped.close();
        assertThat(dropped.whole()).isFalse();
        var read = Body.of(stream(9), OptionalLong.of(9));
        assertThat(read.bytes()).hasSize(9);
        assertThat(read.whole()).isTrue();
    }

    @Test
    void closing_closes_a_stream_that_nobody_took_once() {
        var body = Body.of(stream(9), OptionalLong.of(9));
        body.close();
        body.close();
        assertThat(closed).hasValue(1);
    }

    @Test
    void a_stream_that_fails_says_so() {
        var body =
                Body.of(
                        new InputStream() {
                            @Override
                            public int read() throws IOException {
                                throw new IOException("gone");
                            }

                            @Override
                            public int read(byte[] into, int offset, int most) throws IOException {
                                throw new IOException("gone");
                            }
                        },
                        OptionalLong.empty());
        assertThatThrownBy(body::bytes).isInstanceOf(UncheckedIOException.class);
    }

    @Test
    void a_bound_lets_through_what_it_allows_and_not_a_byte_more() throws IOException {
        assertThat(bounded(10, 10, OptionalLong.empty()).readAllBytes()).hasSize(10);
        assertThatThrownBy(() -> bounded(11, 10, OptionalLong.empty()).readAllBytes())
                .isInstanceOf(Failure.TooLarge.class)
                .hasMessageContaining("limit of 10 bytes");
        assertThatThrownBy(() -> bounded(11, 10, OptionalLong.empty()).skip(11))
                .isInstanceOf(Failure.TooLarge.class);
        var single = bounded(2, 1, OptionalLong.empty());
        assertThat(single.read()).isZero();
        assertThatThrownBy(single::read).isInstanceOf(Failure.TooLarge.class);
    }

    @Test
    void a_length_beyond_the_bound_fails_before_anything_is_read() {
        var input = bounded(1, 10, OptionalLong.of(11));
        assertThatThrownBy(input::read).isInstanceOf(Failure.TooLarge.class);
        assertThatThrownBy(() -> input.read(new byte[5])).isInstanceOf(Failure.TooLarge.class);
    }
}
