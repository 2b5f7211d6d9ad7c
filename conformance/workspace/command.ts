// Runs a command to its end and gives back what it printed.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/**
 * What a command printed. Rejects, with everything it printed, when it does not exit with 0, or not within `timeoutMs`:
 * then it is killed, so that a test that gives up leaves nothing running.
 */
export async function command(
  directory: string,
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  timeoutMs = 240_000,
): Promise<{ stdout: string; stderr: string }> {
  try {
    return await execute(file, args, {
      cwd: directory,
      env,
      maxBuffer: 64 * 1024 * 1024,
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    })
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`${file} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error })
  }
}
