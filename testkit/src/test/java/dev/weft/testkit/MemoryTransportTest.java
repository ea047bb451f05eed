package dev.weft.testkit;

import dev.weft.core.MemoryTransport;
import dev.weft.core.SystemTime;
import dev.weft.core.Transport;

class MemoryTransportTest extends TransportContract {

    @Override
    protected Transport open() {
        return new MemoryTransport(SystemTime.INSTANCE);
    }
}
