/**
 * What of the measurements in {@code benchmarks/run} needs Java. {@code EventStoreBenchmark} is a
 * program that the script runs from its source. {@code FilterBenchmark} is one of JMH, which the script builds with Maven
 * ({@code -Pbenchmarks}); {@code Filtered} says what it measures, {@code Bottom} around what. {@code StoreBenchmark} measures
 * each {@code MeasuredStore} in turn, by {@code AppendLoad} and {@code Growth}, and {@code Proof} sees to it that nothing is
 * fast by being wrong; the script compiles it, as Axon's store lies with the peers.
 */
package dev.weft.benchmarks;
