/**
 * The NTSTATUS values that KDCs put into a KRB-ERROR's e-data (MS-ERREF 2.3.1; MS-SFU 3.2.5.2).
 *
 * @module
 */

/** NTSTATUS, unsigned 32-bit. */
export const NtStatus = {
  STATUS_ACCESS_DENIED: 0xc0000022,
  STATUS_NO_SUCH_USER: 0xc0000064,
  STATUS_WRONG_PASSWORD: 0xc000006a,
  STATUS_ACCOUNT_RESTRICTION: 0xc000006e,
  STATUS_INVALID_LOGON_HOURS: 0xc000006f,
  STATUS_INVALID_WORKSTATION: 0xc0000070,
  STATUS_PASSWORD_EXPIRED: 0xc0000071,
  STATUS_ACCOUNT_DISABLED: 0xc0000072,
  STATUS_NOT_SUPPORTED: 0xc00000bb,
  STATUS_TIME_DIFFERENCE_AT_DC: 0xc0000133,
  STATUS_ACCOUNT_EXPIRED: 0xc0000193,
  STATUS_PASSWORD_MUST_CHANGE: 0xc0000224,
  STATUS_NOT_FOUND: 0xc0000225,
  STATUS_ACCOUNT_LOCKED_OUT: 0xc0000234,
  STATUS_NO_MATCH: 0xc0000272,
  STATUS_AUTHENTICATION_FIREWALL_FAILED: 0xc0000413,
} as const

const NAMES = new Map<number, string>(
  Object.entries(NtStatus).map(([name, value]) => [value, name]),
)

/**
 * The name of an NTSTATUS, for messages.
 *
 * @param status - Unsigned 32-bit.
 * @returns `STATUS_…`, or `NTSTATUS 0x…` for one that is not in the table.
 */
export function ntStatusName(status: number): string {
  return NAMES.get(status) ?? `NTSTATUS 0x${status.toString(16).padStart(8, '0')}`
}
