/**
 * What of the measurements in {@code benchmarks/run} needs Java. {@code EventStoreBenchmark} is a
 * program that the script runs from its source. {@code FilterBenchmark} is one of JMH, which the script builds with Maven
 * ({@code -Pbenchmarks}); {@code Filtered} says what it measures, {@code Bottom} around what.
 */
package dev.weft.benchmarks;
