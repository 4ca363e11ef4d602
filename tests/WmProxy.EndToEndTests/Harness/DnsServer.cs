using System;
using System.Globalization;
using System.Linq;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>dnsmasq with a few hundred names of its own, without a cache and without anybody to ask.</summary>
internal sealed class DnsServer : IAsyncDisposable
{
    private const int Names = 250;

    private readonly ToolProcess _process;
    private readonly TempDirectory _folder;

    private DnsServer(ToolProcess process, TempDirectory folder, int port) => (_process, _folder, Port) = (process, folder, port);

    public int Port { get; }

    /// <summary>How many queries are in <see cref="QueriesPath"/>, which all have an address for an answer.</summary>
    public static int Queries => Names;

    /// <summary>A file for dnsperf.</summary>
    public string QueriesPath => _folder.Combine("queries");

    public static async Task<DnsServer> StartAsync()
    {
        var dnsmasq = ExternalTool.Require("dnsmasq", "dnsmasq-base");
        var folder = new TempDirectory();
        var port = FreePort.NextUdp();
        folder.Write("queries", string.Concat(Enumerable.Range(0, Names).Select(number => $"host{number}.example A\n")));
        var config = folder.Write("dnsmasq.conf", string.Concat(Enumerable.Range(0, Names).Select(number => $"host-record=host{number}.example,192.0.2.{number}\n")));
        string[] arguments =
        [
            "--no-daemon", $"--conf-file={config}", $"--port={port.ToString(CultureInfo.InvariantCulture)}", "--listen-address=127.0.0.1",
            "--bind-interfaces", "--no-resolv", "--no-hosts", "--cache-size=0", "--user=", "--group=", "--pid-file=",
        ];
        return new DnsServer(await dnsmasq.StartAsync(arguments, folder.Path, "started, version"), folder, port);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Dispose();
    }
}
