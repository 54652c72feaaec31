// swift-tools-version: 6.2
import PackageDescription

/// Kernels are compiled with optimisation in debug builds as well: an unoptimised kernel is hundreds of times slower.
/// Blocks of 64 bytes never cross a call that is not inlined, so their calling convention does not matter (psabi).
let kernelFlags: [CSetting] = [
  .unsafeFlags(["-O3", "-ffp-contract=off", "-fvisibility=hidden", "-fno-math-errno", "-Wno-psabi"])
]

let swiftSettings: [SwiftSetting] = [.strictMemorySafety()]

/// The time is spent in the kernels; Swift code is compiled for size, of which recipes and operators bring much.
///
/// The library needs neither regular expressions nor Swift Concurrency; without their implicit imports the static
/// runtime leaves 2 MB of them out.
let librarySwiftSettings: [SwiftSetting] =
  swiftSettings + [
    .unsafeFlags([
      "-Xfrontend", "-disable-implicit-string-processing-module-import",
      "-Xfrontend", "-disable-implicit-concurrency-module-import",
    ]),
    .unsafeFlags(["-Osize"], .when(configuration: .release)),
  ]

/// The shared library carries the Swift runtime, its own soname, and exports nothing but `mtl_*`.
let libraryLinkerSettings: [LinkerSetting] = [
  .unsafeFlags([
    "-static-stdlib",
    "-Xlinker", "-soname=libmtl_infer.so.0",
    "-Xlinker", "--version-script=\(Context.packageDirectory)/Sources/MTLInfer/ABI/exports.map",
    "-Xlinker", "--gc-sections",
  ])
]

/// The reader for ONNX needs libonnx and protobuf; without the trait neither is looked for.
let onnx = TargetDependencyCondition.when(traits: ["ONNX"])

let package = Package(
  name: "mtl-infer",
  products: [
    .library(name: "mtl_infer", type: .dynamic, targets: ["MTLInferABI"]),
    .library(name: "MTLInfer", targets: ["MTLInfer"]),
    .library(name: "CMTLKernels", targets: ["CMTLKernels"]),
    .library(name: "MTLFormats", targets: ["MTLFormats", "MTLGraph"]),
    .executable(name: "mtl-infer", targets: ["mtl-infer"]),
  ],
  traits: [
    .trait(name: "ONNX", description: "Reads ONNX models, with Debian's libonnx-dev and libprotobuf-dev."),
    .default(enabledTraits: ["ONNX"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
  ],
  targets: [
    .systemLibrary(name: "CMTLInfer", path: "include"),
    .target(name: "CMTLKernels", cSettings: kernelFlags),
    .target(name: "CMTLJson", cxxSettings: [.unsafeFlags(["-fvisibility=hidden"])]),
    .target(
      name: "CMTLOnnx",
      cxxSettings: [
        .unsafeFlags(["-fvisibility=hidden"]), .define("ONNX_ML", to: "1", .when(traits: ["ONNX"])),
        .define("ONNX_NAMESPACE", to: "onnx"),
      ],
      linkerSettings: [
        .linkedLibrary("onnx_proto", .when(traits: ["ONNX"])), .linkedLibrary("protobuf", .when(traits: ["ONNX"])),
      ]),
    .target(name: "MTLGraph", swiftSettings: librarySwiftSettings),
    .target(
      name: "MTLFormats",
      dependencies: ["MTLGraph", "CMTLJson", .target(name: "CMTLOnnx", condition: onnx)],
      swiftSettings: librarySwiftSettings),
    .target(name: "MTLNetworks", dependencies: ["MTLGraph", "MTLFormats"], swiftSettings: librarySwiftSettings),
    .target(name: "MTLEngine", dependencies: ["MTLGraph", "CMTLKernels"], swiftSettings: librarySwiftSettings),
    .target(name: "MTLQuantize", dependencies: ["MTLGraph", "MTLEngine"], swiftSettings: swiftSettings),
    .target(
      name: "MTLTasks", dependencies: ["MTLGraph", "MTLNetworks", "CMTLKernels"], swiftSettings: librarySwiftSettings),
    .target(
      name: "MTLInfer",
      dependencies: ["MTLGraph", "MTLFormats", "MTLNetworks", "MTLEngine", "MTLQuantize", "MTLTasks"],
      exclude: ["ABI"], swiftSettings: librarySwiftSettings),
    .target(
      name: "MTLInferABI", dependencies: ["MTLInfer", "CMTLInfer"], path: "Sources/MTLInfer/ABI",
      exclude: ["exports.map"], swiftSettings: librarySwiftSettings, linkerSettings: libraryLinkerSettings),
    .systemLibrary(name: "CImageLibraries", path: "Sources/ImageFiles/CImageLibraries"),
    .target(
      name: "ImageFiles", dependencies: ["MTLGraph", "CImageLibraries"], exclude: ["CImageLibraries"],
      swiftSettings: swiftSettings),
    .target(name: "DataSets", dependencies: ["MTLGraph"], swiftSettings: swiftSettings),
    .systemLibrary(name: "CCairo", path: "Sources/TaskPictures/CCairo"),
    .target(
      name: "TaskPictures", dependencies: ["MTLGraph", "MTLTasks", "CCairo"], exclude: ["CCairo"],
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "mtl-infer",
      dependencies: [
        "TaskPictures", "DataSets",
        "MTLInfer", "MTLGraph", "MTLFormats", "MTLNetworks", "MTLEngine", "MTLQuantize", "MTLTasks", "ImageFiles",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: swiftSettings),
    .target(
      name: "TileEmulation", dependencies: ["CMTLKernels"], path: "Tests/TileEmulation", cSettings: kernelFlags),
    .target(
      name: "TestSupport", dependencies: ["MTLGraph", "MTLFormats"], path: "Tests/TestSupport",
      swiftSettings: swiftSettings),
    .testTarget(
      name: "MTLGraphTests", dependencies: ["MTLGraph", "MTLFormats", "TestSupport"], swiftSettings: swiftSettings),
    .testTarget(
      name: "CMTLKernelsTests", dependencies: ["CMTLKernels", "MTLGraph", "TestSupport", "TileEmulation"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "MTLEngineTests", dependencies: ["MTLEngine", "MTLGraph", "CMTLKernels", "TestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "MTLQuantizeTests", dependencies: ["MTLQuantize", "MTLEngine", "MTLGraph", "TestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "MTLFormatsTests", dependencies: ["MTLFormats", "MTLGraph"], swiftSettings: swiftSettings),
    .testTarget(
      name: "ImageFilesTests", dependencies: ["ImageFiles", "MTLGraph"], swiftSettings: swiftSettings),
    .testTarget(
      name: "MTLNetworksTests", dependencies: ["MTLNetworks", "MTLFormats", "MTLGraph", "TestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "MTLTasksTests", dependencies: ["MTLTasks", "MTLNetworks", "MTLFormats", "MTLGraph", "TestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(name: "DataSetsTests", dependencies: ["DataSets", "MTLGraph"], swiftSettings: swiftSettings),
    .testTarget(
      name: "TaskPicturesTests", dependencies: ["TaskPictures", "MTLTasks", "MTLNetworks", "MTLGraph", "TestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "MTLInferTests",
      dependencies: [
        "MTLInfer", "MTLTasks", "MTLEngine", "MTLNetworks", "MTLFormats", "MTLGraph", "ImageFiles", "TestSupport",
      ], swiftSettings: swiftSettings),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)
