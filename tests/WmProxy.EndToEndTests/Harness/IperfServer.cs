using System;
using System.Globalization;
using System.Text.Json;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>iperf3, which measures one client after the other.</summary>
internal sealed class IperfServer : IAsyncDisposable
{
    private readonly ToolProcess _process;

    private IperfServer(ToolProcess process, int port) => (_process, Port) = (process, port);

    /// <summary>Its port, for TCP and for UDP.</summary>
    public int Port { get; }

    private static ExternalTool Program => ExternalTool.Require("iperf3", "iperf3");

    public static async Task<IperfServer> StartAsync()
    {
        var port = FreePort.Next();
        var process = await Program.StartAsync(
            ["-s", "-B", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture), "--forceflush"], System.IO.Path.GetTempPath(), "Server listening on");
        return new IperfServer(process, port);
    }

    /// <summary>Runs the client; returns the summary at the end of what it has measured.</summary>
    public static async Task<JsonElement> MeasureAsync(string host, int port, params string[] arguments)
    {
        var result = await Program.RunAsync(["-c", host, "-p", port.ToString(CultureInfo.InvariantCulture), "-J", .. arguments]);
        Assert.True(result.ExitCode == 0, result.ToString());
        using var report = JsonDocument.Parse(result.Output);
        Assert.False(report.RootElement.TryGetProperty("error", out var error), $"{error}\n{result}");
        return report.RootElement.GetProperty("end").Clone();
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
