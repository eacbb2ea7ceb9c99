/**
 * The files that the configuration names: there, readable for us, and not for others.
 *
 * @module
 */

import { errorCode, shellWord } from '../../platform/index.ts'
import { found, type Check, type Finding } from '../check.ts'
import { registerMend } from '../register-mend.ts'
import type { FileFacts, HostWorld, NamedFile } from './world.ts'

/** Read for others, write for group or others. */
const EXPOSED = 0o026
/** Read for the group. */
const GROUP_MAY_READ = 0o040
/** Write for group or others. */
const OTHERS_MAY_WRITE = 0o022

const octal = (mode: number): string => `0${(mode & 0o7777).toString(8)}`

function missing({ what, path, kind }: NamedFile): Finding {
  const message = `there is no ${what} at ${path}`
  const text = 'Correct the path in connector.yaml, or create the file.'
  const mend =
    kind === 'directory' ? registerMend(path, 'first') : { text, shell: `ls -l ${shellWord(path)}` }
  return found('DOCTOR_FILE_MISSING', message, { subject: path, mends: [mend] })
}

function unreadable({ what, path }: NamedFile, { mode, owner }: FileFacts, user: string): Finding {
  const message = `${user} cannot read the ${what} (owner ${owner}, mode ${octal(mode)})`
  const text = 'Make the user that the connector runs as its owner.'
  const shell = `chown ${shellWord(user)} ${shellWord(path)} && chmod u+r ${shellWord(path)}`
  return found('DOCTOR_FILE_UNREADABLE', message, { subject: path, mends: [{ text, shell }] })
}

function outOfReach({ what, path }: NamedFile, error: unknown, user: string): Finding {
  const message = `${user} cannot look at the ${what}: ${errorCode(error)}`
  const text =
    'Run doctor as the user that the connector runs as; else see which directory above it is closed.'
  const mends = [{ text, shell: `namei -l ${shellWord(path)}` }]
  return found('DOCTOR_FILE_UNREADABLE', message, { subject: path, mends })
}

function exposed({ what, path, kind }: NamedFile, { mode, owner }: FileFacts): Finding {
  const message = `others can read or change the ${what} (owner ${owner}, mode ${octal(mode)})`
  const text = 'Leave it to its owner alone; change the key if others may have read it.'
  const shell = `chmod ${kind === 'directory' ? '700' : '600'} ${shellWord(path)}`
  return found('DOCTOR_FILE_EXPOSED', message, { subject: path, mends: [{ text, shell }] })
}

function shared({ what, path, kind }: NamedFile, { mode, owner }: FileFacts): Finding {
  const message = `the group can read the ${what} (owner ${owner}, mode ${octal(mode)})`
  const shell = `chmod ${kind === 'directory' ? '700' : '600'} ${shellWord(path)}`
  const mends = [
    { text: 'Leave it to its owner, unless the group holds the connector alone.', shell },
  ]
  return found('DOCTOR_FILE_GROUP_READABLE', message, { subject: path, mends })
}

function writable({ what, path }: NamedFile, { mode, owner }: FileFacts): Finding {
  const message = `others can change the ${what} (owner ${owner}, mode ${octal(mode)})`
  const mends = [{ text: 'Leave writing to its owner.', shell: `chmod go-w ${shellWord(path)}` }]
  return found('DOCTOR_FILE_WRITABLE', message, { subject: path, mends })
}

function judge(file: NamedFile, facts: FileFacts | undefined, { user }: HostWorld): Finding {
  if (facts === undefined || facts.kind !== file.kind) return missing(file)
  if (!facts.readable) return unreadable(file, facts, user.name)
  const { mode } = facts
  if (file.secret && (mode & EXPOSED) !== 0) return exposed(file, facts)
  if ((mode & OTHERS_MAY_WRITE) !== 0) return writable(file, facts)
  if (file.secret && (mode & GROUP_MAY_READ) !== 0) return shared(file, facts)
  // Its owner could change it, whatever the mode says.
  if (facts.uid !== user.uid && facts.uid !== 0) return exposed(file, facts)
  const seen = `${file.what}: ${file.path}, owner ${facts.owner}, mode ${octal(mode)}`
  return found('DOCTOR_FILE_GOOD', seen)
}

async function look(file: NamedFile, world: HostWorld): Promise<Finding> {
  try {
    return judge(file, await world.lookAt(file.path), world)
  } catch (error) {
    return outOfReach(file, error, world.user.name)
  }
}

/** Modes, owners, readability. */
export const filesCheck: Check<HostWorld> = {
  id: 'host.files',
  title: 'files and their modes',
  needs: [],
  run: (world) => Promise.all(world.files.map((file) => look(file, world))),
}
