using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>
/// A program of the system that a test needs. Where it is missing the test is skipped with the package's name, but with <c>CI=true</c> it
/// fails: a build server that lost a tool must not turn green by testing less.
/// </summary>
internal sealed class ExternalTool
{
    private ExternalTool(string path) => Path = path;

    public string Path { get; }

    private static bool IsContinuousIntegration =>
        Environment.GetEnvironmentVariable("CI") is { Length: > 0 } value && !value.Equals("false", StringComparison.OrdinalIgnoreCase);

    /// <summary>Finds <paramref name="name"/>, or skips the test (fails it when <c>CI=true</c>).</summary>
    /// <param name="name">The program.</param>
    /// <param name="package">The Debian package that has it.</param>
    public static ExternalTool Require(string name, string package)
    {
        if (Find(name) is { } path)
        {
            return new ExternalTool(path);
        }

        var reason = $"'{name}' is not installed (Debian package {package}; ./test.sh installs it).";
        Assert.SkipUnless(IsContinuousIntegration, reason);
        throw new FileNotFoundException(reason);
    }

    /// <summary>Finds one of <paramref name="names"/>, or skips the test.</summary>
    public static ExternalTool RequireOptional(string reason, params string[] names)
    {
        var path = names.Select(Find).FirstOrDefault(found => found is not null);
        Assert.SkipWhen(path is null, reason);
        return new ExternalTool(path!);
    }

    public static ExternalTool At(string path) => new(path);

    /// <summary>Runs it to its end.</summary>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="input">Its standard input; empty by default.</param>
    /// <param name="workingDirectory">Its working directory.</param>
    /// <param name="environment">Variables to set, or to remove (<see langword="null"/>).</param>
    /// <param name="deadline">Default: <see cref="Deadline.Bulk"/>.</param>
    public async Task<ToolResult> RunAsync(
        IEnumerable<string> arguments,
        string? input = null,
        string? workingDirectory = null,
        IReadOnlyDictionary<string, string?>? environment = null,
        TimeSpan? deadline = null)
    {
        var bound = deadline ?? Deadline.Bulk;
        var start = new ProcessStartInfo(Path, arguments)
        {
            WorkingDirectory = workingDirectory ?? System.IO.Path.GetTempPath(),
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        try
        {
            try
            {
                await process.StandardInput.WriteAsync(input);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It ended without reading all of its input; its exit code tells the rest.
            }

            using var over = new CancellationTokenSource(bound);
            await process.WaitForExitAsync(over.Token);
            return new ToolResult(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"Not within {bound}: {Path} {string.Join(' ', arguments)}\n{await output}\n{await error}");
        }
    }

    /// <summary>Starts it beside the test and waits until it has printed a line that matches <paramref name="ready"/>.</summary>
    public async Task<ToolProcess> StartAsync(IEnumerable<string> arguments, string workingDirectory, string ready)
    {
        var process = ToolProcess.Start(Path, arguments, workingDirectory);
        try
        {
            await process.WaitForAsync(ready);
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    private static string? Find(string name)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(System.IO.Path.PathSeparator)
            .Concat(["/usr/local/sbin", "/usr/sbin", "/sbin"]);

        // Debian keeps the server programs of PostgreSQL out of the path, one folder for each version; the newest is taken.
        if (Directory.Exists("/usr/lib/postgresql"))
        {
            folders = Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().Select(folder => System.IO.Path.Combine(folder, "bin"))
                .Concat(folders);
        }

        return folders.Where(folder => folder.Length > 0).Select(folder => System.IO.Path.Combine(folder, name)).FirstOrDefault(File.Exists);
    }
}
