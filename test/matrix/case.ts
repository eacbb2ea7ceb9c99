/**
 * What a case of the matrix is: one set-up that is broken on purpose, and what everybody must say about it.
 *
 * Every case has an app of its own, `<id>`, at a site of its own, `http://<id>.corp.example`, run by a service account of its own,
 * `svc-<id>`; so cases disturb neither each other nor the lab.
 */

import type { Configuration } from '../../docker/demo/configuration.ts'
import type { RunAs } from '../../docker/demo/process.ts'
import type { AccountWish } from './world/ldif.ts'
import type { Names, Place } from './world/place.ts'

/** Fields of a configuration file. */
export type Fields = Readonly<Record<string, unknown>>

/** The account of a connector that is started for a case alone. */
export interface OwnConnector extends Partial<Omit<AccountWish, 'name'>> {
  /** It is a user's account, not a computer's: without the `$`. */
  readonly person?: true
}

/** Parts of a set-up that a case has otherwise than usual. */
export interface SetUp {
  /** Fields of the app in gateway.yaml. */
  readonly app?: (names: Names) => Fields
  /** Fields of the row in policy.yaml. */
  readonly row?: (names: Names) => Fields
  /** Nobody signs in: the app is passthrough. */
  readonly anonymous?: true
  /** The site speaks TLS, with a certificate of the matrix's own authority. */
  readonly https?: true
  /** Who makes the request: someone of the lab, or an account of the case's own, `mx-<id>`. Default alice. */
  readonly user?: string | Omit<AccountWish, 'name'>
  /**
   * The connector: one that all cases share, or one that is started for this case alone, with an account of its own,
   * `C-<ID>$`, which usually may delegate as the shared one may. Absent: the shared one.
   */
  readonly connector?: OwnConnector
  /** Sites that Apache shall have for it. Default: the usual one; '' for none. */
  readonly site?: (names: Names) => string
  /** Who holds the SPN. Default `svc-<id>`; null: nobody, and there is no service account. */
  readonly service?: null
  /** DNS: an address, or a name that the host is an alias of. Default: Apache's; null: no name. */
  readonly dns?: ((names: Names) => string) | null
  /** LDIF of what else the directory shall have. */
  readonly entries?: (names: Names) => string
  /** What the connector of its own is told, broken or not. */
  readonly configure?: Edits
  /** Environment of the connector of its own, and of doctor. */
  readonly environment?: () => Readonly<Record<string, string>>
  /** That connector, and doctor, run as `nobody` and not as root: modes of files count. */
  readonly asNobody?: true
  /** Servers of the case's own, there before its connector starts and until the end of the case. */
  readonly serve?: (place: Place) => Promise<Server>
}

/** Something that runs. */
export interface Server {
  stop(): Promise<void>
}

/** How a configuration is broken; the mend is to leave that out. */
export interface Edits {
  readonly connector?: (config: Configuration, place: Place) => void
  readonly policy?: (config: Configuration, place: Place) => void
}

/** How what is broken gets mended. */
export type Mending =
  /**
   * By the commands that doctor prints with this finding, samba-tool or shell, run as they are: the first one, or the one with this in
   * it. `then` is what no command can do.
   */
  | {
      readonly printed: string
      readonly which?: RegExp
      readonly then?: (place: Place) => Promise<void>
    }
  /** By the lines that doctor prints with this finding for a row of policy.yaml: the first ones, or those with this in them. */
  | { readonly row: string; readonly which?: RegExp }
  /** By the setting that doctor prints with this finding; the pattern must be in it. Without `apply`: the case's edits are left out. */
  | {
      readonly setting: string
      readonly says: RegExp
      readonly apply?: (place: Place) => Promise<void>
    }
  /** By hand, after the advice that doctor prints with this finding: no command can do it. */
  | {
      readonly advice: string
      readonly says: RegExp
      readonly apply: (place: Place) => Promise<void>
    }

/** Instead of a code: the request works all the same, and the connector's log warns. */
export const WORKS = 'works'

/** Who a connector runs as that is not root's: `nobody`. */
export const NOBODY = 65_534

/** How the connector of its own is run, and doctor. */
export function runAs({ environment, asNobody }: SetUp): RunAs {
  return { environment: environment?.(), uid: asNobody && NOBODY }
}

/** One case. */
export interface MatrixCase extends SetUp {
  /** At most 14 letters, digits and hyphens. */
  readonly id: string
  /** What is broken, for people. */
  readonly name: string
  /** Against scripted replies of a KDC or a directory: Samba cannot be broken so. */
  readonly scripted?: true
  /** Breaks the connector's configuration. */
  readonly edits?: Edits
  /** Breaks what never worked before. */
  readonly arrange?: (place: Place) => Promise<void>
  /** Breaks everything else. Before it, a request must work. */
  readonly breakIt?: (place: Place) => Promise<void>
  /** The connector of its own is started again after that: what is broken shows at a start alone. */
  readonly startsAgain?: true
  /**
   * Who goes on working meanwhile: someone else at the very app; someone else at another app of the connector of its own. Absent:
   * someone else at another app, of the connector that cases share, or of another one where the case has one of its own.
   */
  readonly spares?: 'app' | 'connector'
  /** What the log of the connector of its own says meanwhile. */
  readonly logSays?: RegExp
  /** The stable code on the user's page, or WORKS. */
  readonly code: string
  /** Where the connector has no tunnel: what its log or its last words say instead. */
  readonly startSays?: RegExp
  /** What doctor must find. */
  readonly doctor: readonly string[]
  readonly mend: Mending
}
