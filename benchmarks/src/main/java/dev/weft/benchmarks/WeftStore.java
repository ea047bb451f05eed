package dev.weft.benchmarks;

import dev.weft.core.SystemTime;
import dev.weft.events.EventStore;
import dev.weft.events.NewEvent;
import dev.weft.events.Origin;
import dev.weft.events.Storage;
import java.util.List;

/** Weft's own. */
class WeftStore implements MeasuredStore {

    private final Storage storage;

    /**
     * @param url of a storage
     */
    WeftStore(String url) {
        storage = Storage.open(url, SystemTime.INSTANCE);
    }

    EventStore events() {
        return storage.events();
    }

    @Override
    public void append(String stream, long version, List<byte[]> events) throws Exception {
        var news = events.stream().map(data -> new NewEvent("measured", data)).toList();
        events().append(List.of(new EventStore.Append(stream, version, news)), Origin.NONE);
    }

    @Override
    public long head() {
        return events().head();
    }

    @Override
    public List<Entry> read(long after, int max) {
        return events().log(after, max).stream()
                .map(one -> new Entry(one.position(), one.stream(), one.version(), one.data()))
                .toList();
    }

    @Override
    public void close() {
        storage.close();
    }
}
