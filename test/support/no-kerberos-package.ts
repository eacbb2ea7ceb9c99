/** Loaded by `--import` before a program of ours: the optional package `kerberos` is not installed for it. */

import { registerHooks } from 'node:module'

registerHooks({
  resolve(specifier, context, next) {
    if (specifier !== 'kerberos') return next(specifier, context)
    throw Object.assign(new Error("Cannot find package 'kerberos'"), {
      code: 'ERR_MODULE_NOT_FOUND',
    })
  },
})
