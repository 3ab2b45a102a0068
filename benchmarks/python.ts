import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Child, runChild, startChild } from './child.ts'
import { OPENMP, root } from './ranker.ts'

/** A Python with the packages of python/requirements.txt. */
export interface Python {
  /** Its version and those of its packages, for the header. */
  readonly versions: string
  /** Runs a script of `benchmarks/python`. @returns the lines of its stdout. */
  run(script: string, args: readonly string[], onLine?: (line: string) => void): Promise<readonly string[]>
  /** Starts a server of a package, `python -m MODULE …`, that finds the modules of `benchmarks/python`. */
  serve(module: string, args: readonly string[], env: Readonly<Record<string, string>>): Child
}

const FOLDER = fileURLToPath(new URL('./python', import.meta.url))
const REQUIREMENTS = join(FOLDER, 'requirements.txt')
const VENV = join(root, '.cache/bench-venv')
/** Written last, so that a virtual environment that was cut short is not taken for a whole one. */
const STAMP = join(VENV, 'bench-stamp')

const NAMES = ['python3.14', 'python3.13', 'python3.12', 'python3', 'python']
const MINIMUM = [3, 12] as const

/**
 * Opens the virtual environment of the benchmarks, made on first use from the first Python that will do, with
 * the user's own pip settings.
 * @returns undefined where it cannot be had, after saying so: the benchmarks go on without it.
 */
export async function openPython(say: (line: string) => void): Promise<Python | undefined> {
  const wanted = readFileSync(REQUIREMENTS, 'utf8')
  const python = join(VENV, 'bin/python')
  try {
    if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== wanted || !(await versionOf(python))) {
      const base = await findPython()
      if (base === undefined) return without(say, `no Python ${MINIMUM.join('.')} or newer was found`)
      say(`python: making ${VENV} with ${base} (once)`)
      rmSync(VENV, { recursive: true, force: true })
      await runChild(base, ['-m', 'venv', VENV])
      const quiet = ['--quiet', '--no-input', '--disable-pip-version-check']
      await runChild(python, ['-m', 'pip', 'install', ...quiet, '--only-binary=:all:', '-r', REQUIREMENTS])
      writeFileSync(STAMP, wanted)
    }
    const [versions = ''] = await runChild(python, ['-c', VERSIONS])
    return {
      versions,
      run: (script, args, onLine) =>
        runChild(python, [join(FOLDER, script), ...args], { env: OPENMP, ...(onLine && { onLine }) }),
      serve: (module, args, env) =>
        startChild(python, ['-m', module, ...args], { cwd: FOLDER, env: { ...OPENMP, ...env } }),
    }
  } catch (error) {
    return without(say, error instanceof Error ? error.message : String(error))
  }
}

const VERSIONS = `
import platform
from importlib.metadata import version
import numpy, pandas, xgboost
names = "xgboost-cpu numpy pandas fastapi uvicorn gunicorn gevent flask".split()
packages = ", ".join(f"{name} {version(name)}" for name in names)
print(f"python {platform.python_version()}, {packages}")
`

function without(say: (line: string) => void, reason: string): undefined {
  say(`WARNING: no comparison with Python: ${reason}`)
  say(`WARNING: to compare, put a Python ${MINIMUM.join('.')} or newer, with venv and pip, on PATH`)
}

/** The first Python on PATH that is new enough and can make virtual environments. */
async function findPython(): Promise<string | undefined> {
  for (const candidate of candidates()) {
    if (existsSync(candidate) && (await versionOf(candidate))) return candidate
  }
  return undefined
}

/**
 * By name first and folder second, so that a python3.14 late on PATH comes before a python3 early on it. What
 * a pyenv has installed lies beside its shims, which only run the version that is switched on.
 */
function candidates(): string[] {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  const onPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))
  const behindShims = folders
    .filter((folder) => basename(folder) === 'shims')
    .map((folder) => join(dirname(folder), 'versions'))
    .filter((versions) => existsSync(versions))
    .flatMap((versions) => readdirSync(versions).map((version) => join(versions, version, 'bin/python')))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
  return [...onPath, ...behindShims]
}

/**
 * Asks a Python for its version, which its name may not tell. @returns undefined when it does not run or is
 * too old.
 */
async function versionOf(python: string): Promise<string | undefined> {
  const question = 'import sys, venv, ensurepip; print(*sys.version_info[:3], sep=".")'
  const [version] = await runChild(python, ['-c', question], { timeout: 20 }).catch(() => [])
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number)
  return major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1]) ? version : undefined
}
