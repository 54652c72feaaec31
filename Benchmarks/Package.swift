// swift-tools-version: 6.2
import PackageDescription

/// A package of its own, so that users of mtl-infer never build it.
let package = Package(
  name: "mtl-infer-benchmarks",
  dependencies: [.package(name: "mtl-infer", path: "..")],
  targets: [
    .target(name: "CPeak", cSettings: [.unsafeFlags(["-O3", "-Wno-psabi"])]),
    .executableTarget(
      name: "kernel-benchmark",
      dependencies: ["CPeak", .product(name: "CMTLKernels", package: "mtl-infer")], path: "Sources/KernelBenchmark"),
  ],
  swiftLanguageModes: [.v6]
)
