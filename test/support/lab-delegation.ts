/** Delegation in a lab: its picture, changes on the domain controller as an administrator makes them, and tickets that prove them. */

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { LabConnectorName, LabEnvironment } from '../../docker/lab/environment.ts'
import { openOwnDirectory, type OwnDirectory } from '../../src/connector/io/index.ts'
import {
  gatherFacts,
  planDelegation,
  readDelegationState,
  type DelegationPlan,
  type DelegationState,
} from '../../src/doctor/index.ts'
import { systemClock } from '../../src/platform/io/index.ts'
import { labConfig } from './lab-config.ts'
import { MemoryLogger } from './manual-clock.ts'

const run = promisify(execFile)

/**
 * Opens what a connector of the lab opens.
 *
 * @param lab - Which lab.
 * @param connector - As whom.
 * @returns Client and searches; close them.
 */
export function openLabAccount(
  lab: LabEnvironment,
  connector: LabConnectorName,
): Promise<OwnDirectory> {
  return openOwnDirectory({ config: labConfig(lab, connector), logger: new MemoryLogger() })
}

/**
 * Reads the picture.
 *
 * @param opened - As whom.
 * @param spns - What the policy wants.
 * @returns The picture.
 */
export async function labDelegation(
  opened: OwnDirectory,
  spns: readonly string[],
): Promise<DelegationState> {
  const facts = await gatherFacts({ clock: systemClock, ...opened })
  const connector = await facts.accounts.byName(opened.account)
  if (connector === undefined) throw new Error(`no account ${opened.account}`)
  const services = spns.map((spn) => ({ spn, origins: ['http://somewhere'] }))
  return readDelegationState(facts, connector, { services })
}

/** The plan for the picture as it is. */
export async function labPlan(
  opened: OwnDirectory,
  spns: readonly string[],
): Promise<DelegationPlan> {
  return planDelegation(await labDelegation(opened, spns))
}

/**
 * Runs a command as it is printed, as root on the domain controller.
 *
 * @param lab - Whose controller; it runs on this machine itself.
 * @param command - Any shell text.
 * @param folder - The controller's, in the lab's.
 */
export async function runOnController(
  lab: LabEnvironment,
  command: string,
  folder = 'dc',
): Promise<void> {
  const env = { ...process.env, SMB_CONF_PATH: join(lab.directory, folder, 'smb.conf') }
  await run('bash', ['-e', '-c', command], { env })
}

/** Whether commands can be run on the lab's controller from here. */
export function controllerIsHere(lab: LabEnvironment): boolean {
  return existsSync(join(lab.directory, 'dc', 'smb.conf'))
}

/**
 * S4U2Self and S4U2Proxy for alice.
 *
 * @param opened - As whom.
 * @param spn - To what.
 * @returns `granted`, or the code of the refusal.
 */
export async function delegatesAlice(opened: OwnDirectory, spn: string): Promise<string> {
  const facts = await gatherFacts({ clock: systemClock, ...opened })
  const alice = await facts.accounts.byName('alice')
  if (alice === undefined) throw new Error('no alice')
  const { sid, realm } = alice
  try {
    const evidence = await opened.client.impersonate({ name: 'alice', realm, sid })
    await opened.client.delegate(evidence, spn)
    return 'granted'
  } catch (error) {
    return String((error as { code?: string }).code)
  }
}
