/**
 * The files of a registration in the connector's state directory, all of mode 0600.
 *
 * @module
 */

import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { errorText } from '../../platform/index.ts'
import { PkiError } from '../../pki/index.ts'
import { createStateDirectory, readStateFile, writeStateFiles } from '../../pki/io/index.ts'
import { RegisterError } from '../register-errors.ts'
import type { RegistrationFiles, RegistrationRecord } from '../register.ts'

/** Names in the state directory. */
const REGISTRATION_FILES = {
  key: 'connector.key',
  cert: 'connector.crt',
  ca: 'gateway-ca.crt',
  about: 'connector.json',
} as const

const NAMES = Object.values(REGISTRATION_FILES)

const aboutSchema = z.object({
  address: z.string().min(1),
  serverName: z.string().min(1),
  id: z.string().min(1),
  group: z.string().min(1),
  name: z.string(),
})

async function requireWritable(directory: string): Promise<void> {
  try {
    await access(directory, constants.W_OK | constants.X_OK)
  } catch (cause) {
    const message = `cannot write in ${directory}: ${errorText(cause)}`
    const mend = 'Run this as the account that will run the connector, or choose another directory.'
    throw new PkiError('ERR_PKI_STATE', message, { cause, mend })
  }
}

async function requireEmpty(directory: string): Promise<void> {
  for (const name of NAMES) {
    const path = join(directory, name)
    if ((await readStateFile(path)) === undefined) continue
    throw new RegisterError('ERR_CONNECTOR_REGISTERED', `${path} exists: already registered`, {
      mend: 'Use another state directory, or register with --force to replace this registration.',
    })
  }
}

function toFiles(record: RegistrationRecord): Record<string, string> {
  const { key, cert, ca, ...about } = record
  return {
    [REGISTRATION_FILES.key]: key,
    [REGISTRATION_FILES.cert]: cert,
    [REGISTRATION_FILES.ca]: ca,
    [REGISTRATION_FILES.about]: `${JSON.stringify(about, null, 2)}\n`,
  }
}

/**
 * The state directory as registration sees it.
 *
 * @param directory - Its path; created where it is missing.
 * @returns The port.
 */
export function registrationFiles(directory: string): RegistrationFiles {
  return {
    async prepare(force) {
      await createStateDirectory(directory)
      await requireWritable(directory)
      if (!force) await requireEmpty(directory)
    },
    save: (record, force) => writeStateFiles(directory, toFiles(record), force),
  }
}

function parseAbout(text: string): z.infer<typeof aboutSchema> | undefined {
  try {
    return aboutSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/**
 * Reads what registration left.
 *
 * @param directory - The state directory.
 * @returns Who we are, where the gateway is, and whom to trust there.
 * @throws RegisterError ERR_CONNECTOR_NOT_REGISTERED, ERR_CONNECTOR_REGISTRATION_DAMAGED; PkiError ERR_PKI_STATE.
 */
export async function readRegistration(directory: string): Promise<RegistrationRecord> {
  const texts = await Promise.all(NAMES.map((name) => readStateFile(join(directory, name))))
  const mend = 'Register the connector: `sallyport connector register`.'
  if (texts.every((text) => text === undefined)) {
    const message = `${directory} holds no registration`
    throw new RegisterError('ERR_CONNECTOR_NOT_REGISTERED', message, { mend })
  }
  const [key, cert, ca, text = ''] = texts
  const about = parseAbout(text)
  if (key === undefined || cert === undefined || ca === undefined || about === undefined) {
    const message = `the registration in ${directory} is damaged: ${NAMES.join(', ')} belong together`
    throw new RegisterError('ERR_CONNECTOR_REGISTRATION_DAMAGED', message, {
      mend: 'Register the connector again: `sallyport connector register --force`.',
    })
  }
  return { ...about, key, cert, ca }
}
