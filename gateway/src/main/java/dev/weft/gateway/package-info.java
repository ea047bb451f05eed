/** Edge routing and its filters. */
package dev.weft.gateway;
