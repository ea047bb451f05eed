/** Contract suites, fakes, virtual time, stub server and tapes. */
package dev.weft.testkit;
