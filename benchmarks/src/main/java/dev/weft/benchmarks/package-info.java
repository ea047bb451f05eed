/**
 * What Weft's parts cost, measured with JMH. Build with {@code mvn -Pbenchmarks,quick -pl benchmarks
 * -am package}, run with {@code java -cp
 * 'build/quick/weft-benchmarks/weft-benchmarks-0.1.0-SNAPSHOT.jar:build/quick/weft-benchmarks/lib/*'
 * org.openjdk.jmh.Main}.
 */
package dev.weft.benchmarks;
