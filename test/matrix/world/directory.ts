/** The lab's directory, changed: LDIF straight into its file, which takes milliseconds, and printed commands, run as they are. */

import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Lab } from '../../../docker/lab.ts'
import { runScript } from '../../../docker/lab/processes.ts'
import { variablesOf } from '../../../docker/lab/running.ts'

const SCRIPTS = join(import.meta.dirname, '..', '..', '..', 'docker', 'samba-ad')

/** Everything a command printed. */
async function run(command: string, args: readonly string[], input: RunInput): Promise<string> {
  const child = spawn(command, args, { env: { ...process.env, ...input.env }, cwd: input.cwd })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (printed += text))
  }
  child.stdin.on('error', () => undefined).end(input.stdin ?? '')
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve)
  })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${printed}`)
  return printed
}

interface RunInput {
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly stdin?: string
}

/** The directory of a lab that runs on this machine itself. */
export class LabDirectoryFile {
  readonly #lab: Lab
  /** Where printed commands are run, and leave their files. */
  readonly directory: string
  readonly #env: Readonly<Record<string, string>>

  constructor(lab: Lab, directory: string) {
    this.#lab = lab
    this.directory = directory
    const bin = join(directory, 'bin')
    mkdirSync(bin, { recursive: true })
    // `samba-tool` of a printed command means the one of this lab's controller.
    const tool = join(bin, 'samba-tool')
    const path = process.env['PATH'] ?? ''
    writeFileSync(tool, `#!/bin/sh\nPATH='${path}' exec ${join(SCRIPTS, 'tool.sh')} "$@"\n`)
    chmodSync(tool, 0o755)
    this.#env = {
      ...variablesOf(lab.env),
      SMB_CONF_PATH: join(lab.env.directory, 'dc', 'smb.conf'),
      PATH: `${bin}:${path}`,
    }
  }

  get #sam(): string {
    return join(this.#lab.env.directory, 'dc', 'private', 'sam.ldb')
  }

  /** Adds entries. */
  async add(ldif: string): Promise<void> {
    await this.#ldb('ldbadd', ldif)
  }

  /**
   * Changes entries of the domain behind the back of the checks that Samba makes: names that are held twice came about
   * before there were such checks, or on two controllers at once.
   */
  async modifyUnchecked(ldif: string): Promise<void> {
    const file = `${this.#lab.env.baseDn.toUpperCase()}.ldb`
    const url = `tdb://${join(this.#sam, '..', 'sam.ldb.d', file)}`
    await run('ldbmodify', ['-H', url], { env: this.#env, cwd: this.directory, stdin: ldif })
  }

  /** A security descriptor in base64, out of its text (MS-DTYP 2.5.1). */
  async descriptor(sddl: string): Promise<string> {
    const script = [
      'import base64, sys',
      'from samba.dcerpc import security',
      'from samba.ndr import ndr_pack',
      'made = security.descriptor.from_sddl(sys.argv[1], security.dom_sid("S-1-5-21-1-2-3"))',
      'print(base64.b64encode(ndr_pack(made)).decode())',
    ].join('\n')
    const input = { env: this.#env, cwd: this.directory }
    return (await run('/usr/bin/python3', ['-c', script, sddl], input)).trim()
  }

  /** The SID of an account. */
  async sid(account: string): Promise<string> {
    const args = ['-H', this.#sam, `(sAMAccountName=${account})`, 'objectSid']
    const found = await run('ldbsearch', args, { env: this.#env, cwd: this.directory })
    const sid = /^objectSid: (\S+)$/m.exec(found)?.[1]
    if (sid === undefined) throw new Error(`no account ${account}: ${found}`)
    return sid
  }

  /** Puts another name in the place of the one with the same label. */
  async replaceName(ldif: string): Promise<void> {
    const dn = /^dn: (.*)$/m.exec(ldif)?.[1] ?? ''
    await run('ldbdel', ['-H', this.#sam, dn], { env: this.#env, cwd: this.directory })
    await this.add(ldif)
  }

  /** Changes entries. */
  async modify(ldif: string): Promise<void> {
    await this.#ldb('ldbmodify', ldif)
  }

  #ldb(tool: string, stdin: string): Promise<string> {
    return run(tool, ['-H', this.#sam], { env: this.#env, cwd: this.directory, stdin })
  }

  /** Runs a command that was printed for an administrator. */
  command(text: string): Promise<string> {
    return run('bash', ['-euc', text], { env: this.#env, cwd: this.directory })
  }

  /** Runs samba-tool. */
  samba(...args: readonly string[]): Promise<string> {
    return this.#lab.samba(args)
  }

  /** Writes the keytab of every service and connector account anew. */
  async exportKeytabs(): Promise<void> {
    const { directory } = this.#lab.env
    await runScript({
      command: '/usr/bin/python3',
      args: [
        join(SCRIPTS, 'export-keytabs.py'),
        join(directory, 'dc', 'smb.conf'),
        join(directory, 'dc', 'keytabs'),
      ],
      env: this.#env,
    })
  }

  /** Path of an account's keytab. */
  keytab(account: string): string {
    const { directory } = this.#lab.env
    return join(directory, 'dc', 'keytabs', `${account.replace(/\$$/, '').toLowerCase()}.keytab`)
  }
}
