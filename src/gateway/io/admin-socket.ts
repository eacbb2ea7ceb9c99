/**
 * Where the admin API listens: what asks it need not load what serves it.
 *
 * @module
 */

/** Name of the socket in the state directory. */
export const ADMIN_SOCKET = 'admin.sock'
