/** What a TEDS is, and is for. */
export interface TedsWords {
  readonly title: string;
  readonly meaning: string;
}

/** By the names of the classes of TEDS. @see IEEE 1451.0-2007 table 17, §8 */
export const TEDS_WORDS: Readonly<Record<string, TedsWords>> = {
  meta: { title: 'Meta-TEDS', meaning: 'What the module is, how long it may take, and how many channels it has.' },
  'meta-identification': {
    title: 'Meta-identification TEDS',
    meaning: 'Who made the module, and what it is, as text.',
  },
  'transducer-channel': {
    title: 'TransducerChannel TEDS',
    meaning: 'What the channel measures or sets, in which unit and range, and how it is sampled.',
  },
  'channel-identification': { title: 'Channel-identification TEDS', meaning: 'Who made the channel, as text.' },
  calibration: { title: 'Calibration TEDS', meaning: 'How values are corrected.' },
  'calibration-identification': { title: 'Calibration-identification TEDS', meaning: 'Who calibrated it, as text.' },
  'end-user-application-specific': { title: 'End users’ TEDS', meaning: 'What its user has written there.' },
  'frequency-response': { title: 'Frequency-response TEDS', meaning: 'How the channel answers to frequencies.' },
  'transfer-function': { title: 'Transfer-function TEDS', meaning: 'How the channel answers, as a function.' },
  commands: { title: 'Commands TEDS', meaning: 'Commands that only its maker knows, as text.' },
  'location-and-title': { title: 'Location-and-title TEDS', meaning: 'What it belongs to, as text.' },
  'transducer-name': { title: 'User’s transducer name TEDS', meaning: 'The name its user has given it.' },
  phy: { title: 'PHY TEDS', meaning: 'How the module is connected.' },
  'geographic-location': { title: 'Geographic-location TEDS', meaning: 'Where it is, as text.' },
  'units-extension': { title: 'Units-extension TEDS', meaning: 'What the units of the channel do not say.' },
  security: { title: 'Security TEDS', meaning: 'How it is protected.' },
  'time-synchronization': { title: 'Time-synchronisation TEDS', meaning: 'How its clock is set.' },
};

/** What fields are, by their path; those of the makers have none. @see IEEE 1451.0-2007 §8.4, §8.5, §8.11 */
export const FIELD_MEANINGS: Readonly<Record<string, string>> = {
  uuid: 'Names the module, and no other in the world.',
  operationalTimeout: 'Longest time from a command to its answer.',
  slowAccessTimeout: 'The same, for commands that take long.',
  selfTestTime: 'How long a self-test takes at most.',
  channels: 'How many TransducerChannels there are.',
  controlGroup: 'Channels of which one controls another.',
  vectorGroup: 'Channels that measure directions of one vector.',
  geographicLocation: 'Channels that say where the module is.',
  proxy: 'A channel that stands for several.',
  calibrationKey: 'Who corrects values: nobody, the NCAP by a calibration TEDS, or the TIM itself.',
  channelType: 'A sensor measures, an actuator sets, an event sensor tells that something has happened.',
  physicalUnits: 'The unit of the values, as a product of powers of SI units.',
  lowLimit: 'Least value.',
  highLimit: 'Greatest value.',
  worstCaseUncertainty: 'How far values are off at most: the uncertainty under the worst conditions.',
  selfTestKey: 'Whether the channel can test itself.',
  multiRangeCapability: 'Whether the channel has several ranges.',
  sample: 'How one value is written.',
  'sample.dataModel': 'The kind of number.',
  'sample.modelLength': 'Octets of a value.',
  'sample.significantBits': 'Bits that say something.',
  dataSet: 'Several values taken after one trigger.',
  'dataSet.maximumRepetitions': 'How many values may follow the first one.',
  'dataSet.seriesOrigin': 'Where the series of values begins.',
  'dataSet.seriesIncrement': 'From one value of the series to the next.',
  'dataSet.seriesUnits': 'The unit of what the series goes along.',
  'dataSet.maximumPreTriggerSamples': 'How many values from before the trigger are kept.',
  updateTime: 'From the trigger to the value.',
  writeSetupTime: 'From the end of a write to the trigger.',
  readSetupTime: 'From the trigger until the value can be read.',
  samplingPeriod: 'Least time from one value to the next.',
  warmUpTime: 'From power-up until values can be relied on.',
  readDelayTime: 'Longest time from a request to the value.',
  sampleTimeSource: 'What tells the time of a value.',
  incomingPropagationDelay: 'From the outside to the latch.',
  outgoingPropagationDelay: 'From the latch to the outside.',
  triggerToSampleUncertainty: 'How far the time of a value is off at most.',
  sampling: 'How values are taken.',
  'sampling.modeCapability': 'Ways it can work in.',
  'sampling.defaultMode': 'The way it works in after power-up.',
  dataTransmission: 'When values are sent without being asked for.',
  buffered: 'Whether values are kept until they are read.',
  endOfDataSet: 'What an actuator does after the last value.',
  edgeToReport: 'Which changes are told.',
  actuatorHalt: 'How an actuator stops.',
  sensitivityDirection: 'The direction that is measured.',
  directionAngles: 'The direction that is measured, as angles.',
  eventSensorOptions: 'Whether thresholds can be changed.',
  format: 'How the name is written.',
  content: 'The name.',
};

/** A name of the standard as words: `worstCaseUncertainty` is `Worst-case uncertainty`. */
export function fieldLabel(name: string): string {
  const words = name.replace(/([a-z])([A-Z])/g, (_, end: string, begin: string) => `${end} ${begin.toLowerCase()}`);
  const spelled = SPELLINGS[words] ?? words;
  return spelled.charAt(0).toUpperCase() + spelled.slice(1);
}

const SPELLINGS: Readonly<Record<string, string>> = {
  uuid: 'UUID',
  'worst case uncertainty': 'worst-case uncertainty',
  'self test key': 'self-test key',
  'self test time': 'self-test time',
  'warm up time': 'warm-up time',
  'multi range capability': 'multi-range capability',
  'write setup time': 'write set-up time',
  'read setup time': 'read set-up time',
};
