// swift-tools-version: 6.2
import PackageDescription

/// A package of its own, because everything in it is compiled for libFuzzer. See README.md.
let package = Package(
  name: "mtl-infer-fuzz",
  dependencies: [.package(name: "mtl-infer", path: "../..")],
  targets: [
    .target(name: "CFuzzer"),
    .executableTarget(
      name: "fuzz-checkpoint", dependencies: ["CFuzzer", .product(name: "MTLFormats", package: "mtl-infer")],
      path: "Sources/FuzzCheckpoint"),
    .target(name: "FuzzSupport", dependencies: [.product(name: "MTLFormats", package: "mtl-infer")]),
    .executableTarget(
      name: "fuzz-onnx", dependencies: ["CFuzzer", "FuzzSupport", .product(name: "MTLFormats", package: "mtl-infer")],
      path: "Sources/FuzzOnnx"),
    .executableTarget(
      name: "fuzz-native",
      dependencies: ["CFuzzer", "FuzzSupport", .product(name: "MTLFormats", package: "mtl-infer")],
      path: "Sources/FuzzNative"),
  ],
  swiftLanguageModes: [.v6]
)
