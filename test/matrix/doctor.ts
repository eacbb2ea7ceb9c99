/** Asks `sallyport doctor` about a case. */

import { runCommand, type RunAs } from '../../docker/demo/process.ts'
import type { Place } from './world/place.ts'

/** A finding, as `--json` prints it. */
export interface DoctorFinding {
  readonly check: string
  readonly outcome: string
  readonly code: string
  readonly subject?: string
  readonly message: string
  readonly mends: readonly {
    readonly text: string
    readonly powershell?: string
    readonly sambaTool?: string
    readonly shell?: string
    readonly setting?: string
  }[]
}

/** What doctor finds that is not well. */
export async function consult(place: Place, how?: RunAs): Promise<readonly DoctorFinding[]> {
  const { connector, id, user, people } = place
  const about = ['--config', connector.configFile, '--app', id, '--user', people.login(user)]
  const { stdout, stderr } = await runCommand(['doctor', ...about, '--json'], how)
  try {
    const { findings } = JSON.parse(stdout) as { findings: readonly DoctorFinding[] }
    return findings.filter(({ outcome }) => outcome === 'fail' || outcome === 'warn')
  } catch {
    throw new Error(`doctor printed no JSON: ${stdout.slice(0, 300)} ${stderr.slice(0, 300)}`)
  }
}
