using System;
using System.IO;
using System.Linq;
using System.Reflection;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>Where the build that is tested lies.</summary>
internal static class TestBuild
{
    /// <summary>The top folder of the repository.</summary>
    public static string RepositoryRoot { get; } = Metadata("RepositoryRoot");

    /// <summary>The program's assembly; <c>WMPROXY_PROGRAM</c> names another one, for example a published one.</summary>
    public static string Program { get; } = Environment.GetEnvironmentVariable("WMPROXY_PROGRAM") is { Length: > 0 } path ? path : Metadata("WmProxyProgram");

    /// <summary>The .NET host.</summary>
    public static string DotNet { get; } = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path && File.Exists(path) ? path : "dotnet";

    private static string Metadata(string key) =>
        typeof(TestBuild).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;
}
