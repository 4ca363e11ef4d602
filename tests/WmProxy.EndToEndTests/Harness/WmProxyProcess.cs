using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>
/// The built program, started as a user starts it, with a configuration in a folder of its own.
/// <para>
/// A listener that a test wants to reach is written as <c>tcp://127.0.0.N:0</c> with an N of its own (all of 127/8 is loopback on Linux):
/// port 0 keeps tests from colliding, and the address tells the lines of the start-up banner apart, which give the real ports.
/// </para>
/// </summary>
internal sealed partial class WmProxyProcess : IAsyncDisposable
{
    /// <summary>Variables of the machine that would add listeners or change what is tested.</summary>
    private static readonly Dictionary<string, string?> Environment = new()
    {
        ["ASPNETCORE_URLS"] = null,
        ["ASPNETCORE_HTTP_PORTS"] = null,
        ["ASPNETCORE_HTTPS_PORTS"] = null,
        ["ASPNETCORE_ENVIRONMENT"] = null,
        ["DOTNET_ENVIRONMENT"] = null,
        ["DOTNET_URLS"] = null,
        ["DOTNET_HTTP_PORTS"] = null,
    };

    private readonly TempDirectory? _ownFolder;
    private readonly Dictionary<string, int> _ports = [];

    private WmProxyProcess(ToolProcess process, TempDirectory? ownFolder)
    {
        Process = process;
        _ownFolder = ownFolder;
    }

    public ToolProcess Process { get; }

    /// <summary>All that it has printed.</summary>
    public string Output => Process.Output.ToString();

    /// <summary>Writes the configuration, starts the program and waits until its banner has named every listener with port 0.</summary>
    /// <param name="config">The text of the <c>appsettings.json</c>.</param>
    /// <param name="folder">The folder for it. Default: one of its own.</param>
    /// <param name="environment">Variables to set.</param>
    public static async Task<WmProxyProcess> StartAsync(
        string config, TempDirectory? folder = null, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var ownFolder = folder is null ? new TempDirectory() : null;
        folder ??= ownFolder!;
        var path = folder.Write("appsettings.json", config);
        var proxy = new WmProxyProcess(Launch(["run", "-c", path], folder.Path, environment), ownFolder);
        try
        {
            foreach (var host in PortZero().Matches(config).Select(match => match.Groups["host"].Value).Distinct())
            {
                var line = await proxy.WaitForListenerAsync(host, "[1-9][0-9]*");
                proxy._ports[host] = int.Parse(line.Groups["port"].Value, System.Globalization.CultureInfo.InvariantCulture);
            }

            return proxy;
        }
        catch
        {
            await proxy.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the program on a file that is there, without waiting for anything.</summary>
    public static WmProxyProcess Start(TempDirectory folder, params string[] arguments) => new(Launch(arguments, folder.Path), null);

    /// <summary>Runs a command to its end.</summary>
    public static Task<ToolResult> RunAsync(TempDirectory folder, params string[] arguments) =>
        ExternalTool.At(TestBuild.DotNet).RunAsync(
            [ProgramPath(), .. arguments], workingDirectory: folder.Path, environment: Environment, deadline: Deadline.Default);

    /// <summary>Waits for the banner's line about a listener.</summary>
    /// <param name="host">The address, as in the configuration.</param>
    /// <param name="port">A pattern for the port.</param>
    public Task<Match> WaitForListenerAsync(string host, string port) =>
        Process.WaitForAsync($@"\bListening\b.*?://{Regex.Escape(host)}:(?<port>{port})(?![0-9])");

    /// <summary>Waits for the banner's line about a listener with this port, whatever its address.</summary>
    public Task<Match> WaitForPortAsync(string port) => Process.WaitForAsync($@"\bListening\b.*:{port}(?![0-9])");

    /// <summary>The real port of the listener that the configuration puts on port 0 of <paramref name="host"/>.</summary>
    public int Port(string host) => _ports[host];

    /// <summary><c>127.0.0.2:40123</c></summary>
    public string Authority(string host) => $"{host}:{_ports[host]}";

    public IPEndPoint EndPoint(string host) => IPEndPoint.Parse(Authority(host));

    public Task<RawConnection> ConnectAsync(string host) => RawClient.ConnectAsync(EndPoint(host));

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        _ownFolder?.Dispose();
    }

    private static ToolProcess Launch(string[] arguments, string folder, IReadOnlyDictionary<string, string?>? environment = null) =>
        ToolProcess.Start(TestBuild.DotNet, [ProgramPath(), .. arguments], folder, new Dictionary<string, string?>([.. Environment, .. environment ?? new Dictionary<string, string?>()]));

    private static string ProgramPath() =>
        File.Exists(TestBuild.Program) ? TestBuild.Program : throw new FileNotFoundException($"Build src/WmProxy.Server first: {TestBuild.Program}");

    [GeneratedRegex(@"://(?<host>127\.\d+\.\d+\.\d+|\[::1\]):0(?![0-9])")]
    private static partial Regex PortZero();
}
