package dev.weft.testkit;

import dev.weft.core.SystemTime;
import dev.weft.events.Storage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * What every {@link Storage} must do, whichever database it is in; each kind of it is a contract of its own ({@link
 * TablesContract}, {@link GroupCommitContract}, {@link PipelineContract}), beside {@link EventStoreContract} for its log. All run on
 * the system's time.
 *
 * <p>{@link #isShared} is a promise both ways.
 */
public abstract class StorageCases {

    static final SystemTime TIME = SystemTime.INSTANCE;

    @SuppressWarnings("NullAway.Init") // Opened before each case.
    private Storage storage;

    StorageCases() {}

    /** Opens a storage with nothing in it, of this case alone. */
    protected abstract Storage open() throws Exception;

    /** Opens the storage of this case once more, as another process of its service does. */
    protected abstract Storage reopen() throws Exception;

    /** Whether what is opened once more has what the first has. */
    protected abstract boolean isShared();

    @BeforeEach
    void openStorage() throws Exception {
        storage = open();
    }

    @AfterEach
    void closeStorage() {
        storage.close();
    }

    final Storage storage() {
        return storage;
    }
}
