package dev.weft.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Records what services promise now. */
@Command(
        name = "record",
        mixinStandardHelpOptions = true,
        description = {
            "Records what the services promise now, in DIR/contracts/recorded, a file for each, to be committed.",
            "Asks the system of DIR if it runs, else starts its services for a moment, without ports and data."
        })
final class ContractsRecord implements Callable<Integer> {

    @Mixin SystemArgument choice = new SystemArgument();

    @Override
    public Integer call() {
        var definitions = Definitions.of(choice);
        var recorded = new RecordedContracts(definitions.folder());
        recorded.write(definitions.services());
        for (var contract : definitions.services())
            System.out.println(
                    contract.service()
                            + ": "
                            + ParkedAnswers.count(contract.endpoints().size(), "endpoint")
                            + ", publishes "
                            + ParkedAnswers.count(contract.publishes().size(), "type")
                            + ", listens to "
                            + ParkedAnswers.count(contract.listens().size(), "type"));
        System.out.println("recorded in " + recorded.folder());
        return 0;
    }
}
