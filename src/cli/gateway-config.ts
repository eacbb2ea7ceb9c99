/**
 * Loads gateway.yaml with its paths made absolute.
 *
 * @module
 */

import { dirname, resolve } from 'node:path'
import { gatewayConfigSchema, type GatewayConfig } from '../gateway/index.ts'
import { readConfigFile } from './config-file.ts'

/**
 * Reads gateway.yaml. Paths in it are relative to the file itself, not to where the command was called.
 *
 * @param path - The file.
 * @returns The configuration, every path absolute.
 * @throws SallyportError ERR_CLI_FILE or ERR_CLI_CONFIG.
 */
export function loadGatewayConfig(path: string): GatewayConfig {
  const config = readConfigFile(path, { kind: 'gateway', schema: gatewayConfigSchema })
  const absolute = (relative: string) => resolve(dirname(path), relative)
  const { browser, oidc } = config
  return {
    ...config,
    stateDirectory: absolute(config.stateDirectory),
    browser: {
      ...browser,
      certificate: absolute(browser.certificate),
      key: absolute(browser.key),
    },
    ...(oidc === undefined ? {} : { oidc: withAbsolutePaths(oidc, absolute) }),
  }
}

function withAbsolutePaths(
  oidc: NonNullable<GatewayConfig['oidc']>,
  absolute: (path: string) => string,
): NonNullable<GatewayConfig['oidc']> {
  return {
    ...oidc,
    ...(oidc.clientSecretFile === undefined
      ? {}
      : { clientSecretFile: absolute(oidc.clientSecretFile) }),
    ...(oidc.ca === undefined ? {} : { ca: absolute(oidc.ca) }),
  }
}
