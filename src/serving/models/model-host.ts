/** Where models are opened and closed: a thread that serves, here or in another process. */
export interface ModelHost {
  /** Opens the model at a path under a name. @throws {RankerError} when it cannot be served. */
  open(name: string, path: string): Promise<void>
  /** Closes it and frees its memory, after the requests that it works on are answered. */
  close(name: string): Promise<void>
}

export interface ModelDescription {
  readonly modelName: string
  readonly modelUrl: string
}

export interface ModelPage {
  readonly models: readonly ModelDescription[]
  /** Absent on the last page. */
  readonly nextPageToken?: string | undefined
}

/** The models that are loaded, as the `/models` routes ask for them. */
export interface ModelRegistry {
  /** @throws {RankerError} of status 400, 404, 409 or 507. */
  load(name: unknown, url: unknown): Promise<void>
  /** @throws {RankerError} MODEL_NOT_LOADED. */
  unload(name: string): Promise<void>
  /** @throws {RankerError} MODEL_NOT_LOADED. */
  describe(name: string): Promise<ModelDescription>
  /** @throws {RankerError} BAD_MODEL_REQUEST. */
  list(pageToken: unknown, limit: unknown): Promise<ModelPage>
}
