/** The optional package `kerberos`, hidden or replaced by a module hook, for the rest of this process. */

import { registerHooks } from 'node:module'

/** Whether the package is there: not at all, in a shape that cannot be loaded, or as the test wrote it. */
export type PackageState = 'absent' | 'broken' | 'fake'

/** What a test says of the package, and learns of it. */
export interface KerberosPackage {
  state: PackageState
  /** How often somebody asked for it. */
  asked: number
}

/**
 * Takes the package's place. Node remembers a package that was loaded once: nobody in this process may have loaded it before.
 *
 * @param source - The module that is loaded in its place.
 * @returns To be set; absent at first.
 */
export function replaceKerberosPackage(source: string): KerberosPackage {
  const replaced: KerberosPackage = { state: 'absent', asked: 0 }
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier !== 'kerberos') return next(specifier, context)
      replaced.asked++
      if (replaced.state === 'absent') {
        throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
      }
      const module =
        replaced.state === 'fake' ? source : 'throw new Error("libkrb5.so.3: cannot open")'
      return { url: `data:text/javascript,${encodeURIComponent(module)}`, shortCircuit: true }
    },
  })
  return replaced
}
