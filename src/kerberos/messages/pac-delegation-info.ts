/**
 * S4U_DELEGATION_INFO (MS-PAC 2.9): through which services a delegated ticket came.
 *
 * Marshalled by NDR behind the headers of type serialization 1 (MS-RPCE 2.2.6):
 *
 *     typedef struct _S4U_DELEGATION_INFO {
 *         RPC_UNICODE_STRING S4U2proxyTarget;
 *         ULONG TransitedListSize;
 *         [size_is(TransitedListSize)] PRPC_UNICODE_STRING S4UTransitedServices;
 *     } S4U_DELEGATION_INFO;
 *
 * @module
 */

import { NdrReader } from './pac-ndr.ts'

/** Where a ticket came from by S4U2Proxy. */
export interface PacDelegationInfo {
  /** The service the ticket was last delegated to, for instance `HTTP/iwa.corp.example`. */
  readonly proxyTarget: string
  /** The services that delegated, the first one first, for instance `CONN1$@CORP.EXAMPLE`. */
  readonly transitedServices: readonly string[]
}

/** Octets of an RPC_UNICODE_STRING without its characters. */
const STRING_HEADER_OCTETS = 8

/**
 * Reads S4U_DELEGATION_INFO.
 *
 * @param octets - The PAC buffer. What follows the structure within it is ignored (padding).
 * @returns The services.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeDelegationInfo(octets: Uint8Array): PacDelegationInfo {
  const ndr = new NdrReader(octets, 'PAC.S4U_DELEGATION_INFO')
  ndr.typeSerialization('S4U_DELEGATION_INFO')
  const target = ndr.stringHeader()
  const count = ndr.uint32()
  const hasServices = ndr.pointer()
  const proxyTarget = ndr.stringBody(target)
  if (!hasServices) {
    if (count > 0) throw ndr.fail(`${count} transited services announced, none follow`)
    return { proxyTarget, transitedServices: [] }
  }
  ndr.arrayCount(count, STRING_HEADER_OCTETS)
  const headers = Array.from({ length: count }, () => ndr.stringHeader())
  return { proxyTarget, transitedServices: headers.map((header) => ndr.stringBody(header)) }
}
