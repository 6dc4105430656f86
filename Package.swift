// swift-tools-version: 6.2
import PackageDescription

// The module table of the architecture is the one source of targets: a row may import only what it
// lists. CI builds with `--explicit-target-dependency-import-check error`, so the table is the truth.

/// One row of the module table: a module of ours, what it may import, and whether it has tests.
struct Module {
  var name: String
  var imports: [Target.Dependency]
  var isProgram = false
  var settings: [SwiftSetting] = []
  /// The tiles are tested through `TensorKernels`.
  var isTested: Bool { !name.hasSuffix("Tiles") }
  var testImports: [Target.Dependency] = []
  var testResources: [Resource] = []
}

let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
/// The C interface of SQLite, for tests that make its file operations fail.
let sqlite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")
let arguments: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")

/// Kernels are optimised in debug builds too. The tiles are compiled twice, for AVX2 and for AVX-512;
/// the program looks at the processor before any of them runs. Without `-mfma` the same code is
/// slower by two orders of magnitude.
#if arch(x86_64)
  let narrowFeatures = ["-Xcc", "-mavx2", "-Xcc", "-mfma"]
  let wideFeatures = narrowFeatures + ["-Xcc", "-mavx512f", "-Xcc", "-mavx512vl"]
#else
  let narrowFeatures: [String] = []
  let wideFeatures: [String] = []
#endif

func kernels(_ features: [String]) -> [SwiftSetting] { [.unsafeFlags(["-Ounchecked"] + features)] }

let modules: [Module] = [
  Module(name: "Core", imports: ["CCrypto", "CHints"]),
  Module(name: "Tiles", imports: []),
  Module(name: "NarrowTiles", imports: ["Tiles", "CHints"], settings: kernels(narrowFeatures)),
  // A link to the folder of `NarrowTiles`.
  Module(
    name: "WideTiles", imports: ["Tiles", "CHints"],
    settings: kernels(wideFeatures + ["-Xcc", "-DWIDE"]) + [.define("WIDE")]),
  Module(
    name: "TensorKernels",
    imports: ["Tiles", "NarrowTiles", "WideTiles", "CHints"],
    settings: kernels(narrowFeatures)),
  Module(
    name: "ManifestModel", imports: ["Core", "CYAML"], testResources: [.copy("Fixtures")]),
  Module(name: "Storage", imports: ["Core", grdb], testImports: [grdb]),
  Module(name: "Archives", imports: ["Core", "CZlib"], testResources: [.copy("Fixtures")]),
  Module(
    name: "Imaging", imports: ["Core", "CPNG", "CTIFF"], testImports: ["Archives"],
    testResources: [.copy("Fixtures")]),
  Module(
    name: "Evaluation", imports: ["Core", "Imaging"], testResources: [.copy("Fixtures")]),
  Module(
    name: "Planning", imports: ["Core", "ManifestModel"], testResources: [.copy("Golden")]),
  Module(name: "Learning", imports: ["Core", "TensorKernels"]),
  Module(
    name: "Datasets", imports: ["Core", "Archives", "Imaging", "CExpat"],
    testResources: [.copy("Fixtures")]),
  Module(
    name: "Networks", imports: ["Core", "Archives", "TensorKernels", "Learning"],
    testImports: ["Imaging"], testResources: [.copy("Fixtures")]),
  Module(
    name: "Execution", imports: ["Core", "ManifestModel", "Planning", "Storage"],
    testImports: [grdb, sqlite]),
  Module(
    name: "Pretraining", imports: ["Core", "Imaging", "Learning", "Networks"],
    testImports: ["TensorKernels"]),
  Module(
    name: "Reporting", imports: ["Core", "ManifestModel", "Evaluation", "Planning", "Storage"]),
  Module(
    name: "Steps",
    imports: [
      "Core", "ManifestModel", "Storage", "Archives", "Imaging", "Evaluation", "Planning",
      "TensorKernels", "Learning", "Datasets", "Networks", "Execution", "Pretraining",
    ]),
  Module(
    name: "microtome",
    imports: [
      "Core", "ManifestModel", "Storage", "Imaging", "Evaluation", "Planning", "Execution", "Steps",
      "Reporting", "TensorKernels", arguments,
    ],
    isProgram: true, testImports: [arguments, "Archives", "Datasets", "Learning", "Networks"]),
  Module(
    name: "microtome-bench",
    imports: [
      "Core", "Archives", "Imaging", "Evaluation", "TensorKernels", "Learning", "Networks",
      "Pretraining", arguments, "CAllocations", "CProcessorPeak",
    ],
    isProgram: true, testResources: [.copy("Fixtures")]),
  Module(
    name: "microtome-fuzz",
    imports: ["Core", "Archives", "Imaging", "ManifestModel", "Datasets", arguments],
    isProgram: true, testResources: [.copy("Corpus")]),
]

/// C libraries from the system, and shims: where Swift cannot call C (libpng reports errors by `longjmp`,
/// libtiff to variadic functions), and where one function of a module needs its own instruction set.
let systemLibraries: [Target] = [
  .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
  .systemLibrary(name: "CExpat", pkgConfig: "expat", providers: [.apt(["libexpat1-dev"])]),
  .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
  .target(name: "CAllocations"),
  .target(name: "CHints"),
  // For the first module that calls it: to load it takes two milliseconds of every start.
  .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
  .target(name: "CPNG", linkerSettings: [.linkedLibrary("png")]),
  .target(name: "CProcessorPeak"),
  .target(name: "CTIFF", linkerSettings: [.linkedLibrary("tiff")]),
  .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
]

let languageSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
  name: "microtome",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "microtome", targets: ["microtome"]),
    .executable(name: "microtome-bench", targets: ["microtome-bench"]),
    .executable(name: "microtome-fuzz", targets: ["microtome-fuzz"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
  ],
  targets: systemLibraries
    + modules.map { module in
      let settings = languageSettings + module.settings
      return module.isProgram
        ? .executableTarget(
          name: module.name, dependencies: module.imports, swiftSettings: settings)
        : .target(name: module.name, dependencies: module.imports, swiftSettings: settings)
    }
    + modules.filter(\.isTested).map { module in
      .testTarget(
        name: "\(module.name)Tests",
        dependencies: [.init(stringLiteral: module.name)] + module.imports.filter { $0.isOurs }
          + module.testImports,
        resources: module.testResources,
        swiftSettings: languageSettings)
    }
)

extension Target.Dependency {
  /// Whether tests of a module may import this one: libraries stay behind the module that owns them.
  var isOurs: Bool {
    if case .byNameItem(let name, _) = self { return !name.hasPrefix("C") || name == "Core" }
    return false
  }
}
