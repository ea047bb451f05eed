/** Runs tests outside of a build tool, for {@code weft test}. */
package dev.weft.testkit.run;
