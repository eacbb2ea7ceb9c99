/**
 * The host's GSS-API library as the second judge of browsers' tokens, where the optional package `kerberos` is installed.
 *
 * @module
 */

import { createGssapiAcceptor } from '../../kerberos/io/index.ts'
import { errorCode, type Logger } from '../../platform/index.ts'
import { SsoError, type TokenJudge } from '../../sso/index.ts'
import type { KerberosConfig } from '../index.ts'

/**
 * Opens it as `kerberos.acceptor` says.
 *
 * @param config - The kerberos section.
 * @param logger - Told who judges.
 * @returns The judge; undefined where our own acceptor judges alone.
 * @throws KerberosError ERR_KRB_GSSAPI_ABSENT for `both` without the package.
 */
export async function openTokenJudge(
  { acceptor, keytab }: Pick<KerberosConfig, 'acceptor' | 'keytab'>,
  logger: Logger,
): Promise<TokenJudge | undefined> {
  if (acceptor === 'own' || keytab === undefined) return undefined
  try {
    const accept = await createGssapiAcceptor(keytab)
    logger.info("browsers' tokens are judged by our own acceptor and the host's GSS-API library")
    return async (token) => {
      try {
        return await accept(token)
      } catch (error) {
        const cause = error instanceof Error ? error.message : ''
        throw new SsoError('ERR_SSO_NEGOTIATE_REFUSED', cause, { cause: error })
      }
    }
  } catch (error) {
    if (acceptor === 'both' || errorCode(error) !== 'ERR_KRB_GSSAPI_ABSENT') throw error
    logger.info("browsers' tokens are judged by our own acceptor alone: no npm package kerberos")
    return undefined
  }
}
