/** For the environment of a Node process: where it keeps what it has compiled. */
export declare function compileCacheEnv(): { NODE_COMPILE_CACHE: string }
