package dev.weft.postgres;

import dev.weft.core.Time;
import dev.weft.events.Storage;
import dev.weft.jdbc.JdbcStorage;

/** Opens {@code postgresql://USER:PASSWORD@HOST:PORT/DATABASE?schema=NAME}: {@link Address}. */
public final class PostgresProvider implements Storage.Provider {

    public PostgresProvider() {}

    @Override
    public boolean knows(String url) {
        return Address.isOne(url);
    }

    @Override
    public Storage open(String url, Time time) {
        return JdbcStorage.open(new Postgres(Address.of(url)), time);
    }

    @Override
    public boolean served() {
        return true;
    }
}
