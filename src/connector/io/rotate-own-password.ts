/**
 * Changes the password of the connector's own account and renews its keytab.
 *
 * @module
 */

import {
  parsePrincipal,
  passwordAge,
  type KeyOwner,
  type RotatedPassword,
} from '../../kerberos/index.ts'
import {
  pendingSince,
  readKeytabFile,
  rotateKeytabFile,
  type Environment,
} from '../../kerberos/io/index.ts'
import type { Logger } from '../../platform/index.ts'
import { systemClock, systemRandom } from '../../platform/io/index.ts'
import { splitHostPort } from '../config-fields.ts'
import {
  ConnectorError,
  PasswordRotation,
  type ConnectorConfig,
  type KerberosConfig,
  type KeytabState,
} from '../index.ts'
import { openPasswordWay } from './kdc-way.ts'
import { createNameResolver } from './name-resolver.ts'

/** Whose password, and who is told. */
interface RotationOptions {
  /** connector.yaml, every path absolute. */
  readonly config: ConnectorConfig
  readonly logger: Logger
  /** The variables of the environment. Default none. */
  readonly environment?: Environment | undefined
}

/**
 * Changes the password. A running connector notices the new keytab by itself; a change that was stopped is gone on with.
 *
 * @param options - connector.yaml, every path absolute; who is told; the environment.
 * @returns The version of the new keys, and whether an earlier change was gone on with.
 * @throws ConnectorError ERR_CONNECTOR_FILE when the account has no keytab; KerberosError as the KDC and the password server
 *   refuse, or the keytab cannot be replaced.
 */
export async function rotateOwnPassword(options: RotationOptions): Promise<RotatedPassword> {
  const { config, logger, environment } = options
  const { kerberos, keytab } = withKeytab(config)
  const world = { clock: systemClock, random: systemRandom, logger }
  const resolve = createNameResolver(config.dns, systemClock)
  const ports = { ...world, resolve, environment, nameServers: config.dns?.servers }
  const way = await openPasswordWay(kerberos, ports, controllers(config))
  return rotateKeytabFile(keytab, ownerOf(kerberos), { ...world, ...way })
}

/**
 * The rotation of the connector's own password by time, as connector.yaml asks for it.
 *
 * @param options - As for rotateOwnPassword.
 * @param principal - The account with its realm, as it is told to gateways.
 * @returns The rotation, not started; undefined where connector.yaml does not ask for it.
 */
export function ownPasswordRotation(
  options: RotationOptions,
  principal: string,
): PasswordRotation | undefined {
  const { kerberos } = options.config
  const { keytab, rotatePassword } = kerberos ?? {}
  if (kerberos === undefined || keytab === undefined || rotatePassword === undefined)
    return undefined
  const { logger } = options
  const owner = ownerOf(kerberos)
  const look = async (): Promise<KeytabState> => {
    const entries = await readKeytabFile(keytab, { logger })
    const { changedAtMs } = passwordAge(entries, owner, { maxAgeMs: 0, clock: systemClock })
    return { changedAtMs, pendingSinceMs: await pendingSince(keytab) }
  }
  const rotate = (): Promise<RotatedPassword> => rotateOwnPassword(options)
  const world = { clock: systemClock, random: systemRandom, logger }
  return new PasswordRotation(rotatePassword, { principal, look, rotate, ...world })
}

function ownerOf({ principal, realm }: KerberosConfig): KeyOwner {
  return { principal: parsePrincipal(principal).principal, realm }
}

function withKeytab({ kerberos }: ConnectorConfig): {
  readonly kerberos: KerberosConfig
  readonly keytab: string
} {
  const keytab = kerberos?.keytab
  if (kerberos !== undefined && keytab !== undefined) return { kerberos, keytab }
  throw new ConnectorError(
    'ERR_CONNECTOR_FILE',
    'only the password of an account with a keytab can be changed, and kerberos.keytab is not there',
    {
      mend: 'Only a keytab is renewed: write one, and name it in kerberos.keytab. The directory changes the password of a managed account by itself.',
    },
  )
}

/** Every domain controller takes new passwords. */
function controllers({ directory }: ConnectorConfig): readonly string[] {
  return (directory?.servers ?? []).map((server) => splitHostPort(server)?.host ?? server)
}
