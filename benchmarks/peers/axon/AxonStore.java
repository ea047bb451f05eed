import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.weft.benchmarks.MeasuredStore;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.axonframework.common.jdbc.ConnectionProvider;
import org.axonframework.common.jdbc.ConnectionWrapperFactory;
import org.axonframework.common.jdbc.JdbcException;
import org.axonframework.common.transaction.Transaction;
import org.axonframework.common.transaction.TransactionManager;
import org.axonframework.eventhandling.DomainEventMessage;
import org.axonframework.eventhandling.GapAwareTrackingToken;
import org.axonframework.eventhandling.GenericDomainEventMessage;
import org.axonframework.eventsourcing.eventstore.jdbc.JdbcEventStorageEngine;
import org.axonframework.eventsourcing.eventstore.jdbc.PostgresEventTableFactory;
import org.axonframework.eventsourcing.eventstore.jpa.SQLStateResolver;
import org.axonframework.messaging.MetaData;
import org.axonframework.serialization.ChainingConverter;
import org.axonframework.serialization.Converter;
import org.axonframework.serialization.SerializedObject;
import org.axonframework.serialization.SerializedType;
import org.axonframework.serialization.Serializer;
import org.axonframework.serialization.SimpleSerializedObject;
import org.axonframework.serialization.SimpleSerializedType;

/**
 * Axon's store of events over JDBC in a schema of PostgreSQL, with tables of its own making. An append is a transaction on a
 * connection of the pool. Serializing costs nothing: data are bytes before.
 */
public final class AxonStore implements MeasuredStore {

    private static final int PAGE = 1_000;

    /** As many as there are writers: those who wait for one spin, and were slower with 8, 16 or 32. */
    private static final int POOL = 64;

    private final HikariDataSource pool;
    private final JdbcEventStorageEngine engine;

    public AxonStore(String url) {
        var settings = new HikariConfig();
        settings.setJdbcUrl(url + "&reWriteBatchedInserts=true");
        settings.setMaximumPoolSize(POOL);
        settings.setAutoCommit(false);
        pool = new HikariDataSource(settings);
        var transactions = new Transactions();
        engine =
                JdbcEventStorageEngine.builder()
                        .connectionProvider(transactions)
                        .transactionManager(transactions)
                        .eventSerializer(new Bytes())
                        .snapshotSerializer(new Bytes())
                        .persistenceExceptionResolver(new SQLStateResolver())
                        .batchSize(PAGE)
                        .build();
        transactions.executeInTransaction(
                () -> engine.createSchema(PostgresEventTableFactory.INSTANCE));
    }

    /** A stream's first event is its number 0 here. */
    @Override
    public void append(String stream, long version, List<byte[]> events) {
        if (version == ANY_VERSION)
            throw new UnsupportedOperationException("it wants to know the version");
        var messages = new ArrayList<DomainEventMessage<?>>(events.size());
        for (var data : events)
            messages.add(new GenericDomainEventMessage<>("load", stream, version++, data));
        engine.appendEvents(messages);
    }

    @Override
    public long head() {
        var token = (GapAwareTrackingToken) engine.createHeadToken();
        return token == null ? 0 : token.getIndex();
    }

    @Override
    public List<Entry> read(long after, int max) {
        var from = GapAwareTrackingToken.newInstance(after, Set.of());
        try (var found = engine.readEvents(from, false)) {
            return found.limit(max)
                    .map(event -> {
                        var domain = (DomainEventMessage<?>) event;
                        return new Entry(
                                ((GapAwareTrackingToken) event.trackingToken()).getIndex(),
                                domain.getAggregateIdentifier(),
                                domain.getSequenceNumber() + 1,
                                (byte[]) domain.getPayload());
                    })
                    .toList();
        }
    }

    /** A sequence numbers them, so an append that failed leaves a gap. */
    @Override
    public boolean gapless() {
        return false;
    }

    @Override
    public void close() {
        pool.close();
    }

    /** One connection of the pool for all that a transaction does, as Spring would have it. */
    private final class Transactions implements TransactionManager, ConnectionProvider {

        private final ThreadLocal<Connection> current = new ThreadLocal<>();

        @Override
        public Transaction startTransaction() {
            try {
                var connection = pool.getConnection();
                current.set(
                        ConnectionWrapperFactory.wrap(
                                connection, new ConnectionWrapperFactory.NoOpCloseHandler()));
                return new Transaction() {
                    @Override
                    public void commit() {
                        end(connection, Connection::commit);
                    }

                    @Override
                    public void rollback() {
                        end(connection, Connection::rollback);
                    }
                };
            } catch (SQLException e) {
                throw new JdbcException("no connection", e);
            }
        }

        private void end(Connection connection, End how) {
            current.remove();
            try (connection) {
                if (!connection.isClosed()) how.end(connection);
            } catch (SQLException e) {
                throw new JdbcException("the transaction does not end", e);
            }
        }

        @Override
        public Connection getConnection() throws SQLException {
            var mine = current.get();
            return mine == null ? pool.getConnection() : mine;
        }
    }

    @FunctionalInterface
    private interface End {
        void end(Connection connection) throws SQLException;
    }

    /** Takes bytes as they are, and no metadata. */
    private static final class Bytes implements Serializer {

        private static final byte[] NONE = "{}".getBytes(StandardCharsets.UTF_8);
        private static final String METADATA = MetaData.class.getName();
        private static final SerializedType MEASURED = new SimpleSerializedType("measured", null);

        private final Converter converter = new ChainingConverter();

        @Override
        public <T> SerializedObject<T> serialize(Object object, Class<T> as) {
            boolean data = object instanceof byte[];
            return new SimpleSerializedObject<>(
                    as.cast(data ? object : NONE),
                    as,
                    data ? MEASURED : typeForClass(MetaData.class));
        }

        @Override
        public <T> boolean canSerializeTo(Class<T> as) {
            return as.equals(byte[].class);
        }

        @Override
        @SuppressWarnings("unchecked")
        public <S, T> T deserialize(SerializedObject<S> serialized) {
            var type = serialized.getType().getName();
            return (T) (type.equals(METADATA) ? MetaData.emptyInstance() : serialized.getData());
        }

        @Override
        public Class<?> classForType(SerializedType type) {
            return type.getName().equals(METADATA) ? MetaData.class : byte[].class;
        }

        @Override
        public SerializedType typeForClass(Class type) {
            return new SimpleSerializedType(type.getName(), null);
        }

        @Override
        public Converter getConverter() {
            return converter;
        }
    }
}
