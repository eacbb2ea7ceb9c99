/** The directory of a lab, reached as a connector reaches it. */

import { readFile } from 'node:fs/promises'
import {
  createKerberosClient,
  createNameResolver,
  ldapBinder,
} from '../../src/connector/io/index.ts'
import {
  LdapDirectory,
  type LdapBinder,
  type LdapDirectoryOptions,
} from '../../src/directory/io/index.ts'
import type { KerberosClient } from '../../src/kerberos/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import type { LabConnectorName } from '../../docker/lab/environment.ts'
import type { LabEnvironment } from '../../docker/lab.ts'
import { labConfig } from './lab-config.ts'
import { MemoryLogger } from './manual-clock.ts'

const world = { clock: systemClock, random: systemRandom }

/** What differs from a connector with default settings. */
export interface LabDirectoryOptions extends Partial<LdapDirectoryOptions> {
  /** Changes the binder, for binds that must fail. */
  readonly spoil?: (binder: LdapBinder) => LdapBinder
  /** Who asks. Default CONN1. */
  readonly connector?: LabConnectorName
}

/** Connects nothing yet. */
export async function labDirectory(
  lab: LabEnvironment,
  { spoil = (binder) => binder, connector = 'CONN1', ...options }: LabDirectoryOptions = {},
): Promise<LdapDirectory> {
  const { kerberos, directory, dns } = labConfig(lab, connector)
  if (!kerberos || !directory) throw new Error('the configuration has lost its sections')
  const logger = new MemoryLogger()
  const resolve = createNameResolver(dns, systemClock)
  const ca = await readFile(lab.caFile, 'utf8')
  const directoryOf = (client: KerberosClient): LdapDirectory => {
    const binder = spoil(ldapBinder(client, world))
    return new LdapDirectory(
      { ...directory, ca, ...options },
      { clock: systemClock, logger, lookup: resolve, binder },
    )
  }
  const ports = { ...world, logger, resolve }
  const { client } = await createKerberosClient(kerberos, ports, directoryOf)
  return directoryOf(client)
}
