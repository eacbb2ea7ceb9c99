/**
 * Which row of the policy an app's requests go by: origin, kind of sign-on and path together.
 *
 * @module
 */

import { isPlainlyUnder, type AppSettings } from '../tunnel/index.ts'
import { SsoError } from './errors.ts'
import type { BackendRow } from './policy-file.ts'

/** A row that was made ready for use. */
interface CompiledRow {
  readonly origin: string
  readonly row: BackendRow
}

/** A row's or an app's kind of sign-on: an SPN (compared without regard to case, as a KDC does), header fields, or none. */
function signOnOf(spn: string | undefined, headers: boolean): string {
  if (headers) return 'with headerSignOn'
  return spn === undefined ? 'without single sign-on' : `with ${spn.toLowerCase()}`
}

function signOnOfApp({ singleSignOn, servicePrincipalName }: AppSettings): string {
  const spn = singleSignOn === 'kerberos' ? (servicePrincipalName ?? '') : undefined
  return signOnOf(spn, singleSignOn === 'headers')
}

/**
 * What no two rows may have in common.
 *
 * @param origin - The row's, as URL spells it.
 * @param row - The row.
 * @returns Text to compare and to show.
 */
export function rowKey(origin: string, row: BackendRow): string {
  const signOn = signOnOf(row.servicePrincipalName, row.headerSignOn !== undefined)
  return [origin, signOn, ...(row.paths ?? [])].join(' ')
}

function takesPath({ paths }: BackendRow, path: string | undefined): boolean {
  return (
    paths === undefined || (path !== undefined && paths.some((own) => isPlainlyUnder(path, own)))
  )
}

/** Of rows that fit, one that lists paths comes before one that lists none. */
function closest<Row extends CompiledRow>(fit: readonly Row[]): Row | undefined {
  return fit.find(({ row }) => row.paths !== undefined) ?? fit[0]
}

/**
 * Finds the row of an address, whatever its kind of sign-on, for a look without an app.
 *
 * @param backends - The policy's rows.
 * @param url - An internal address.
 * @returns The row, and its path that the address is under; where no row has the path, one of the origin; else undefined.
 */
export function rowAt(
  backends: readonly CompiledRow[],
  url: URL,
): { readonly row: BackendRow; readonly path?: string } | undefined {
  const target = `${url.pathname}${url.search}`
  const here = backends.filter(({ origin }) => origin === url.origin)
  const { row } = closest(here.filter((each) => takesPath(each.row, target))) ?? here[0] ?? {}
  const path = row?.paths?.find((each) => isPlainlyUnder(target, each))
  return row && { row, ...(path !== undefined && { path }) }
}

/**
 * Finds the row of an app; one that lists the app's path comes before one that lists none.
 *
 * @param backends - The policy's rows.
 * @param app - The app.
 * @param origin - Of its internal URL.
 * @returns The row.
 * @throws SsoError ERR_SSO_POLICY_DENIED, saying which row is missing.
 */
export function findBackend<Row extends CompiledRow>(
  backends: readonly Row[],
  app: AppSettings,
  origin: string,
): Row {
  const here = backends.filter((backend) => backend.origin === origin)
  const wanted = signOnOfApp(app)
  const fit = here.filter(
    ({ row }) =>
      signOnOf(row.servicePrincipalName, row.headerSignOn !== undefined) === wanted &&
      takesPath(row, app.path),
  )
  const found = closest(fit)
  if (found !== undefined) return found
  const listed = here.length === 0 ? 'does not list this origin' : 'lists this origin otherwise'
  const under = app.path === undefined ? '' : ` for ${app.path}`
  throw new SsoError(
    'ERR_SSO_POLICY_DENIED',
    `app ${app.id}: the connector's policy ${listed}: ${origin} ${wanted}${under}`,
    {
      mend: "Add a row with this origin and servicePrincipalName (or headerSignOn, or neither) to the connector's policy, if that is what you want.",
    },
  )
}

/**
 * Refuses a request that lies outside the paths of its row. The gateway is not trusted with that.
 *
 * @param backend - The row.
 * @param target - Of the request.
 * @throws SsoError ERR_SSO_POLICY_DENIED.
 */
export function checkPath({ row, origin }: CompiledRow, target: string): void {
  if (row.paths === undefined || row.paths.some((path) => isPlainlyUnder(target, path))) return
  throw new SsoError(
    'ERR_SSO_POLICY_DENIED',
    `the connector's policy lists ${origin} for ${row.paths.join(', ')} alone`,
    {
      mend: "Add the path to paths of this row in the connector's policy, if that is what you want.",
    },
  )
}
