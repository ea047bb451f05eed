/**
 * What of the measurements in {@code benchmarks/run} needs Java. {@code EventStoreBenchmark} is a
 * program that the script runs from its source. Benchmarks with JMH go here too: build with {@code
 * mvn -Pbenchmarks,quick -pl benchmarks -am package}, run with {@code java -cp
 * 'build/quick/weft-benchmarks/weft-benchmarks-0.1.0-SNAPSHOT.jar:build/quick/weft-benchmarks/lib/*'
 * org.openjdk.jmh.Main}.
 */
package dev.weft.benchmarks;
