// What the servers of the two pages send and take, made of their Structs by `make types`. Do not edit.
// VenApi is the VEN's page, FleetApi the operator's, KitApi what both have.

declare namespace KitApi {
  /** The rules of every page. */
  interface CommonRules {
    silentS: number;
    chartKeptS: number;
    chartApartS: number;
    chartGapS: number;
    formats: FormatRules;
    phases: Record<"far" | "near" | "active" | "completed" | "cancelled" | "optedOut", string>;
  }

  /** Power from *from_ts* to *to_ts* by column, kW, mostly in means of *step_s*. */
  interface DrawnHistory {
    fromTs: number;
    toTs: number;
    stepS: number;
    ts: number[];
    columns: Record<string, (number | null)[]>;
    events: EventMark[];
    labels: Record<string, string>;
  }

  /** The time of an event, UTC s. */
  interface EventMark {
    eventId: string;
    startTs: number;
    endTs: number;
  }

  /** The limits by which figures and times are written; see `formatting`. */
  interface FormatRules {
    kwDigits: number;
    leastShareKw: number;
    secondsBelowS: number;
    minutesBelowMin: number;
    daysFromS: number;
    minus: string;
  }

  /** A refusal. Source: RFC 9457; *field* and *requestId* are extension members. */
  interface Problem {
    type: string;
    title: string;
    status: number;
    detail: string;
    instance?: string | null;
    field?: string | null;
    requestId?: string | null;
  }
}

declare namespace VenApi {
  /** The range of a number, as its field in the contract has it; *default* where it has one. */
  interface Bounds {
    minimum: number;
    maximum: number;
    default: number | null;
  }

  /** A circuit: its power, the load of its breaker (0 to 1), and the reason that it is curtailed or not. */
  interface CircuitRow {
    id: string;
    name: string;
    type: string;
    state: "curtailed" | "idle" | "off" | "on";
    enabled: boolean;
    powerKw: number;
    kvar: number | null;
    breakerAmps: number;
    breakerLoad: number;
    priority: number;
    critical: boolean;
    curtailedKw: number;
    reason: string | null;
    byHand: boolean;
    switchable: boolean;
    rank: string;
    why: string | null;
  }

  /** The connection to the cloud, and the messages that wait for it. Ages are s, ``since_ts`` UTC s. */
  interface CloudView {
    state: "connecting" | "connected" | "backoff" | "refused" | "stopped" | "duplicate_client";
    connected: boolean;
    sinceTs: number;
    reason: string | null;
    outboxDepth: number;
    lastPubackAgeS: number | null;
    messagesLost: number;
  }

  /** Temperatures in and outside, the setpoints of the resident, and the limits that no event passes, °C. */
  interface ComfortView {
    airC: number;
    outdoorC: number;
    heatingC: number;
    coolingC: number;
    coolestC: number;
    warmestC: number;
  }

  /** A day of the site (ISO 8601): *measured_s* of it, and its energy, kWh. */
  interface DaySum {
    day: string;
    measuredS: number;
    boughtKwh: number;
    fedInKwh: number;
    changedKwh: number;
    cost: number | null;
    changedCost: number | null;
    co2Kg: number | null;
    changedCo2Kg: number | null;
  }

  /** The days, newest first, and the events of the last week; *currency* is None without a tariff. */
  interface DaySums {
    currency: string | null;
    days: DaySum[];
    events: EventChange[];
  }

  /** Power from *from_ts* to *to_ts* by column, kW, mostly in means of *step_s*. */
  interface DrawnHistory {
    fromTs: number;
    toTs: number;
    stepS: number;
    ts: number[];
    columns: Record<string, (number | null)[]>;
    events: EventMark[];
    labels: Record<string, string>;
  }

  /** Make an event here, for testing, as the command ``event`` does. It starts now by default. */
  interface EventCall {
    kw: number;
    durationS: number;
    startTs?: number | null;
    eventId?: string | null;
  }

  /** The change by an event and its payback, as far as lived, until *until_ts*, UTC s; units as of a day. */
  interface EventChange {
    eventId: string;
    untilTs: number;
    changedKwh: number;
    changedCost: number | null;
    changedCo2Kg: number | null;
  }

  /** The event that was made. */
  interface EventCreated {
    eventId: string;
  }

  /** The time of an event, UTC s. */
  interface EventMark {
    eventId: string;
    startTs: number;
    endTs: number;
  }

  /** An event that is not over, or that was left before its time has passed. Times are UTC s. */
  interface EventView {
    eventId: string;
    phase: "far" | "near" | "active" | "completed" | "cancelled" | "optedOut";
    inForce: boolean;
    startTs: number;
    endTs: number;
    priority: number;
    intervals: IntervalView[];
    request: string;
    askedKw: number | null;
    deliveredKw: number | null;
    deliveredKwh: number | null;
  }

  /** The events that run or come, and those that are over, newest first. */
  interface Events {
    open: EventView[];
    past: PastEvent[];
  }

  /** The limits by which figures and times are written; see `formatting`. */
  interface FormatRules {
    kwDigits: number;
    leastShareKw: number;
    secondsBelowS: number;
    minutesBelowMin: number;
    daysFromS: number;
    minus: string;
  }

  /** The VEN's health: would it answer an event now? If not, ``reasons`` say why. Ages are s. */
  interface Health {
    answersEvents: boolean;
    reasons: string[];
    warnings: string[];
    connected: boolean;
    takesPart: boolean;
    lastPubackAgeS: number | null;
    outboxDepth: number;
    messagesLost: number;
    messagesDamaged: number;
    filesSetAside: number;
    certificateDaysLeft: number | null;
    clockSkewS: number | null;
    beatAgeS: number;
  }

  /** The request of an event from *start_ts* to *end_ts*, UTC s. */
  interface IntervalView {
    startTs: number;
    endTs: number;
    signal: "shedKw" | "importLimitKw" | "level" | "loadUpKw";
    value: number;
  }

  /** Process and loop are alive. ``beat_age_s`` is the time since the last tick. */
  interface Live {
    alive: boolean;
    beatAgeS: number;
  }

  /** The kW that can be shed for *sustain_s* in the mean of each *mean_s*, s. */
  interface OfferView {
    kw: number;
    sustainS: number;
    meanS: number;
  }

  /** Take part again. */
  interface OptInCall {
  }

  /** Take no part in events, until *until_ts* (UTC s) or until opted in. */
  interface OptOutCall {
    reason: string;
    untilTs?: number | null;
  }

  /** A reason to opt out: as it stands beside an event, and as the resident says it. */
  interface OptOutReason {
    value: string;
    words: string;
    sentence: string;
  }

  /** The service panel: its rating, its current, and what is known of its reactive power. */
  interface PanelView {
    ratingAmps: number;
    voltageV: number;
    amps: number;
    reactive: ReactiveView | null;
  }

  /** An event that is over. */
  interface PastEvent {
    eventId: string;
    startTs: number;
    endTs: number;
    ended: "far" | "near" | "active" | "completed" | "cancelled" | "optedOut";
    askedKw: number | null;
    askedKwh: number | null;
    deliveredKw: number | null;
    deliveredKwh: number | null;
    reason: string | null;
  }

  /** Power now, kW: import and consumption positive; export, generation and discharge negative. */
  interface PowerView {
    gridKw: number;
    houseKw: number;
    pvKw: number | null;
    batteryKw: number | null;
    batterySoc: number | null;
    baselineKw: number;
    askedKw: number | null;
    targetKw: number | null;
    shedKw: number;
    availableKw: number;
    sustainS: number;
    offers: OfferView[];
    offerConfidence: number;
  }

  /** Reactive and apparent power of the *circuits* whose power factor is known, kvar and kVA, all together. */
  interface ReactiveView {
    kvar: number;
    kva: number;
    powerFactor: number | null;
    circuits: number;
  }

  /** End one event, or all, and give back what they curtail, as the command ``restore`` does. */
  interface RestoreCall {
    eventId?: string | null;
  }

  /** Ids of the events that were ended. */
  interface Restored {
    ended: string[];
  }

  /** Switch a circuit by hand; while an event is in force that takes it out of the event. */
  interface SwitchCall {
    enabled: boolean;
  }

  /** The VEN, its house and its settings. */
  interface VenIdentityView {
    venId: string;
    bootId: string;
    house: string;
    houseTs: number;
    houseSpeed: number;
    utcOffsetH: number;
    houseSpanS: number | null;
    status: string;
    takesPart: boolean;
    reason: string | null;
    untilTs: number | null;
  }

  /** The rules of the VEN's page. */
  interface VenRules {
    silentS: number;
    chartKeptS: number;
    chartApartS: number;
    chartGapS: number;
    formats: FormatRules;
    phases: Record<"far" | "near" | "active" | "completed" | "cancelled" | "optedOut", string>;
    stillKw: number;
    breakerHigh: number;
    circuitStates: Record<"curtailed" | "idle" | "off" | "on", string>;
    sessionStates: Record<"connecting" | "connected" | "backoff" | "refused" | "stopped" | "duplicate_client", string>;
    optOutReasons: OptOutReason[];
    eventKw: Bounds;
    eventDurationS: Bounds;
  }

  /** The VEN at one instant. ``ts`` is its time, UTC s; ``events`` are in the order of their starts. */
  interface VenView {
    ts: number;
    ven: VenIdentityView;
    cloud: CloudView;
    power: PowerView;
    comfort: ComfortView | null;
    panel: PanelView;
    circuits: CircuitRow[];
    events: EventView[];
    pastMark: string;
    prices: string | null;
  }
}

declare namespace FleetApi {
  /** An allocation of an event: its words in the form, and in short beside an event. */
  interface AllocationRule {
    value: string;
    words: string;
    short: string;
  }

  /** One VEN's part in an event: its share of each interval's value, in the order of the intervals. */
  interface Assignment {
    venId: string;
    values: number[];
    sinceTs?: number | null;
  }

  /** The range of a number, as its field in the contract has it; *default* where it has one. */
  interface Bounds {
    minimum: number;
    maximum: number;
    default: number | null;
  }

  /** Connection to the cloud side; *why* there is none. *heardTs* is its last answer, UTC s. */
  interface CloudStatus {
    reached: boolean;
    heardTs: number | null;
    why: string | null;
  }

  /** The groups that events may target, and the programs by whose rules they are settled. */
  interface DefinitionsView {
    groups: GroupSummary[];
    programs: Program[];
  }

  /** An event by VEN (*parts*); *settled* once it has a report. */
  interface EventDetail {
    eventId: string;
    settled: boolean;
    called: number;
    tookPart: number;
    deliveredKw: number | null;
    parts: EventVenView[];
  }

  /** The event is in the shadows of the VENs that it was allocated to, or on its way there. */
  interface EventDispatched {
    eventId: string;
    revision: number;
    startTs: number;
    endTs: number;
    assignments: Assignment[];
    askedKw: number;
    etag: string;
    availableKw?: number | null;
    calledKw?: number;
    shortfallKw?: number;
    unavailable?: Record<string, string>;
    note?: string | null;
    ok?: true;
  }

  /** A VEN in an event. Values are by interval, in the signal's unit; powers are kW. */
  interface EventVenView {
    venId: string;
    values: number[];
    sheds: boolean;
    deliveredKw: number | null;
    deliveredKwh: number | null;
    share: number | null;
    answers: VenAnswer[];
    optOut: string | null;
    unavailable: string | null;
    why: string;
  }

  /** Events that start in a stretch of time; *more* there are that start earlier in it. */
  interface EventsView {
    events: ListedEvent[];
    more: boolean;
  }

  /** The kW that *vens* VENs can probably shed together from *ts* (UTC s) on for a quarter hour. */
  interface FleetForecast {
    ts: number;
    likelyKw: number;
    sureKw: number;
    vens: number;
  }

  /** The rules of the operator's page; *statuses* stand in the order in which VENs are sorted by them. */
  interface FleetRules {
    silentS: number;
    chartKeptS: number;
    chartApartS: number;
    chartGapS: number;
    formats: FormatRules;
    phases: Record<"far" | "near" | "active" | "completed" | "cancelled" | "optedOut", string>;
    statuses: StatusRule[];
    noVens: string;
    form: FormRules;
  }

  /** The fleet's figures over all VENs, and the first of them; see `contracts.api.fleet.Fleet`. */
  interface FleetTotals {
    known: number;
    online: number;
    shedding: number;
    optedOut: number;
    flexibilityKw: number;
    holds: Holds[];
    forecast: FleetForecast[];
    vens: ListedVen[];
  }

  /** The page; *share* is the delivered share of the requested power. */
  interface FleetView {
    ts: number;
    place: string;
    cloud: CloudStatus;
    events: ListedEvent[];
    moreEvents: boolean;
    askedKw: number;
    deliveredKw: number;
    silent: number | null;
    neverSeen: number | null;
    fleet: FleetTotals | null;
    deadLetters: string;
    deadLetterCount: number | null;
    share: number | null;
    unacted: UnactedEvent[];
  }

  /** The ranges and defaults of an event, as `contracts.api.resources.EventBody` has them. */
  interface FormRules {
    signals: SignalRule[];
    intervalsMax: number;
    durationS: Bounds;
    priority: Bounds;
    randomizeStartS: Bounds;
    program: string;
    allocation: "each" | "merit" | "proportional";
    allocations: AllocationRule[];
  }

  /** The limits by which figures and times are written; see `formatting`. */
  interface FormatRules {
    kwDigits: number;
    leastShareKw: number;
    secondsBelowS: number;
    minutesBelowMin: number;
    daysFromS: number;
    minus: string;
  }

  /** A group with a page of its VENs, in the order of their ids; *next* is the cursor of the next page. */
  interface GroupDetail {
    group: string;
    venCount: number;
    changedTs: number;
    etag: string;
    fromStack?: boolean;
    vens?: string[];
    next?: string | null;
  }

  /** A group: how many VENs it has, and when it was changed, UTC s. */
  interface GroupSummary {
    group: string;
    venCount: number;
    changedTs: number;
    etag: string;
    fromStack?: boolean;
  }

  /** The message while the cloud side does not answer. */
  interface Heartbeat {
    ts: number;
    cloud: CloudStatus;
  }

  /** The flexibility that can be sustained for so long. */
  interface Holds {
    minutes: number;
    kw: number;
  }

  /** One signal held for a while. */
  interface Interval {
    durationS: number;
    signal: "shedKw" | "importLimitKw" | "level" | "loadUpKw";
    value: number;
  }

  /** An event at the state's time; powers are kW. */
  interface ListedEvent {
    eventId: string;
    etag: string;
    phase: "far" | "near" | "active" | "completed" | "cancelled" | "optedOut";
    stage: "coming" | "over" | "running";
    progress: string;
    untilTs: number | null;
    request: string;
    revision: number;
    startTs: number;
    endTs: number;
    intervals: Interval[];
    targets: string[];
    priority: number;
    randomizeStartS: number;
    program: string;
    allocation: string;
    askedKw: number;
    calledKw: number;
    shortfallKw: number;
    vens: number;
    deliveredKw: number | null;
    share: number | null;
    result: string;
  }

  /** A VEN: its status, its event with kW requested and delivered, else its offer and for how long. */
  interface ListedVen {
    venId: string;
    status: "shedding" | "optedOut" | "disabled" | "ready" | "silent" | "offline" | "neverSeen";
    eventId?: string | null;
    askedKw?: number | null;
    deliveredKw?: number | null;
    share?: number | null;
    usedKw?: number | null;
    offersKw?: number | null;
    sustainS?: number | null;
    offers?: OfferLevel[];
    why?: string;
    untilTs?: number | null;
    groups?: string[];
    oadrVenName?: string | null;
  }

  /** An event to be created; with *eventId* given, the same request twice is one event. */
  interface NewEvent {
    startTs?: number | null;
    targets?: string[];
    priority?: number;
    randomizeStartS?: number;
    program?: string;
    allocation?: "each" | "merit" | "proportional";
    eventId?: string | null;
    intervals: Interval[];
  }

  /** The kW that a VEN keeps for *sustain_s* (s). */
  interface OfferLevel {
    kw: number;
    sustainS: number;
  }

  /** A program and its rules, changed at *changedTs*, UTC s. */
  interface Program {
    program: string;
    baseline: "caiso_10_of_10" | "clone" | "meter_before" | "nyiso_5_of_10" | "pjm_3_day_types_saa" | "residential_5_of_10" | "weather_regression";
    holidays?: string | null;
    changedTs?: number | null;
    etag?: string | null;
    fromStack?: boolean;
  }

  /** A signal in the form: its words, its range in steps, and a value to begin with. */
  interface SignalRule {
    value: "shedKw" | "importLimitKw" | "level" | "loadUpKw";
    words: string;
    minimum: number;
    maximum: number;
    step: number;
    suggested: number;
  }

  /** A status of a VEN: its words, and the filter that lists it. */
  interface StatusRule {
    value: "shedding" | "optedOut" | "disabled" | "ready" | "silent" | "offline" | "neverSeen";
    words: string;
    filter: "out" | "ready" | "shedding" | "silent" | null;
  }

  /** An event of the stage's VTN that no VEN acts on, since *ts* (UTC s), and the reason *why*. */
  interface UnactedEvent {
    oadrEventId: string;
    name: string;
    program: string;
    why: string;
    ts: number;
  }

  /** A VEN's report that it reached a phase, at *ts* (UTC s), with its reason where it has one. */
  interface VenAnswer {
    phase: string;
    words: string;
    ts: number;
    why: string | null;
  }
}
