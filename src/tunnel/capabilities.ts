/**
 * Names of the optional features that a HELLO may tell. PROTOCOL.md section 5.1.
 *
 * @module
 */

/**
 * From a connector: this tunnel only asks what the gateway would tell it; it takes no requests and is no connector that is up. From a
 * gateway: it knows such tunnels.
 */
export const PROBE = 'probe'
