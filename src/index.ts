// The public API. What is not here is free to change.

export { alignSlots, permuteSlots, type SlotAlignment } from "./analysis/align-slots.js";
export { type Compared, type Comparison, type ComparisonRow, compare } from "./analysis/compare.js";
export { contributionShares } from "./analysis/contribution-shares.js";
export { memoryDrift, slotChange, slotCosine, slotDrift } from "./analysis/drift.js";
export { columnEntropy, columnFocus, rowEntropy, rowFocus, totalEntropy } from "./analysis/entropy.js";
export { gradientImportance } from "./analysis/importance.js";
export { type MeanInterval, meanInterval, meanTable } from "./analysis/interval.js";
export { meanOver } from "./analysis/means.js";
export { slotProvenance, writeContributions, writeSurvival } from "./analysis/provenance.js";
export { memoryFound, outputContributions, readContributions, slotContributions } from "./analysis/read-provenance.js";
export { activeSlots, slotNorm } from "./analysis/slots.js";
export { columnMaximum, columnSparsity, rowMaximum, rowSparsity } from "./analysis/sparsity.js";
export { type AttentionRow, attentionTable, type MemoryRow, memoryTable } from "./analysis/tables.js";
export type { TokenMemory } from "./analysis/token-memory.js";
export { tokenContributions, tokenProvenance, tokenReadContributions } from "./analysis/token-provenance.js";
export { readImportance, slotUsage, writeReadImportance } from "./analysis/usage.js";
export type { WriteHead } from "./analysis/write-heads.js";
export {
  attentionPatterns,
  diagonalPattern,
  globalPattern,
  localPattern,
  type PatternOptions,
  randomAttention,
} from "./attention/patterns.js";
export type { Bundle } from "./engine/bundle.js";
export { type Compiled, compile } from "./engine/compile.js";
export { type AnswerRow, answerRows } from "./experiments/answer-rows.js";
export { type Asked, ask } from "./experiments/ask.js";
export {
  type Answers,
  crossEntropyBits,
  logitDifference,
  outputChange,
  rightProbability,
  rightShare,
  wrongBits,
} from "./experiments/metrics.js";
export { type Sweep, sweep } from "./experiments/sweep.js";
export type { Metric, Operate, Place, SweepMoment, SweepOptions, SweepProgress } from "./experiments/sweep-options.js";
export { type SweepRow, sweepRows } from "./experiments/sweep-rows.js";
export { type AddressingStages, addressingStages } from "./figures/addressing-stages.js";
export { alignedDifference } from "./figures/aligned-difference.js";
export { attentionHeatmap, attentionPanels } from "./figures/attention-heatmap.js";
export { attentionWithEntropy } from "./figures/attention-with-entropy.js";
export { barChart } from "./figures/bar-chart.js";
export { compareHeatmaps } from "./figures/compare-heatmaps.js";
export { differenceSpread } from "./figures/difference-spread.js";
export { distributions } from "./figures/distributions.js";
export type { Figure, PlotlyFigure } from "./figures/figure.js";
export { histogram } from "./figures/histogram.js";
export { lineChart } from "./figures/line-chart.js";
export { memoryEvolution } from "./figures/memory-evolution.js";
export { memoryHeatmap } from "./figures/memory-heatmap.js";
export { memoryImportance } from "./figures/memory-importance.js";
export { memoryProvenance } from "./figures/memory-provenance.js";
export { memoryChange, memorySteps } from "./figures/memory-steps.js";
export { type Mark, type MemoryUse, memoryUse } from "./figures/memory-use.js";
export { overSteps, weightsOverSteps } from "./figures/over-steps.js";
export { readWriteWeights } from "./figures/read-write-weights.js";
export { routingHeatmap } from "./figures/routing-heatmap.js";
export { stateCommunication } from "./figures/state-communication.js";
export { stateDynamics } from "./figures/state-dynamics.js";
export { type Swept, sweepMap } from "./figures/sweep-map.js";
export { type Answered, targetsAndOutputs } from "./figures/targets-and-outputs.js";
export { timeline } from "./figures/timeline.js";
export { type TrainingStates, trainingStates } from "./figures/training-states.js";
export { writeToRead } from "./figures/write-to-read.js";
export { loadCheckpoint, saveCheckpoint } from "./files/checkpoint-file.js";
export { historyFolder } from "./files/folder-storage.js";
export { loadArrays } from "./files/load-arrays.js";
export { checkModel } from "./model/check-model.js";
export type { Checkpoint, ModelReader } from "./model/checkpoint.js";
export {
  type Bounds,
  type Edit,
  edit,
  editParameter,
  type Noise,
  type Operation,
  type PackedValues,
  type ParameterChanges,
  type ParameterEdit,
  type PatchSource,
  type Recorded,
  type SiteChanges,
  type SiteEdit,
  type Values,
} from "./model/edits.js";
export { drawParameters } from "./model/initialise.js";
export { type Hook, type Model, passOn, type Site, sitesMatching } from "./model/model.js";
export { type NsmConfig, nsm } from "./model/nsm.js";
export { type NtmConfig, ntm, paperCopy } from "./model/ntm.js";
export { prune } from "./model/prune.js";
export { type Run, run, runRefusal, series } from "./model/run.js";
export { type TtmConfig, ttm } from "./model/ttm.js";
export { type CreatedReport, createReport } from "./notebook/create-report.js";
export { toCsv } from "./notebook/csv.js";
export type { DataFrame, Rows } from "./notebook/data-frame.js";
export { type Explorer, type ExplorerInputs, explorer } from "./notebook/explorer.js";
export { type LiveLine, liveLine } from "./notebook/live-line.js";
export type { ReportData } from "./notebook/report-parts.js";
export { show } from "./notebook/show.js";
export { trainHere } from "./notebook/train-here.js";
export { associativeRecallBatch, associativeRecallTask, type RecallSequence } from "./tasks/associative-recall.js";
export { copyBatch, copyTask } from "./tasks/copy.js";
export { multiplicationBatch, multiplicationTask, multiplicationTokens } from "./tasks/multiplication.js";
export { multiplicationAnswers } from "./tasks/multiplication-answers.js";
export { answersTo, recallBatch, recallTask, recallWords, wordsOf } from "./tasks/recall.js";
export type { Batch, Task } from "./tasks/task.js";
export { type Arrays, readArrays } from "./tensors/array-file.js";
export { type ArrayInput, type NestedNumbers, toNamedArray } from "./tensors/array-input.js";
export { type BackendName, currentBackend, useBackend } from "./tensors/backend.js";
export { labelled, type NamedArray, namedArray, type Position, select, slice, stack } from "./tensors/named-array.js";
export { type Random, random } from "./tensors/random.js";
export { disposeTensors, linear, type Tensors } from "./tensors/tensors.js";
export { fromTensor, toTensor } from "./tensors/transfer.js";
export { type History, openHistory } from "./tracker/history.js";
export { historyAt } from "./tracker/http-storage.js";
export { gradientNorms, type Moments, spreadMoments, statesAt } from "./tracker/moments.js";
export { parameterChange, parametersAt, type RecordedBatch, valuesAt } from "./tracker/parameters.js";
export { type StateTracker, stateTracker } from "./tracker/state-tracker.js";
export type { TrackerOptions } from "./tracker/tracker-options.js";
export { type Evaluation, evaluate } from "./training/evaluate.js";
export { type LogRow, logFromCsv } from "./training/log.js";
export { adam, type Clip, type Optimizer, rmsprop } from "./training/optimizers.js";
export { constant, cosine, type Schedule } from "./training/schedule.js";
export { siteGradients } from "./training/site-gradients.js";
export type { Curriculum } from "./training/syllabus.js";
export type { Moment, TrainOptions } from "./training/train.js";
export { type Progress, type Training, type TrainingResult, train } from "./training/train.js";
