using System;
using System.Globalization;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Harness;

/// <summary>A Redis server on a port and a Unix domain socket of its own, which keeps nothing on disk.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private readonly ToolProcess _process;
    private readonly TempDirectory _folder;

    private RedisServer(ToolProcess process, TempDirectory folder, int port) => (_process, _folder, Port) = (process, folder, port);

    public int Port { get; }

    public string SocketPath => _folder.Combine("redis.sock");

    public static async Task<RedisServer> StartAsync()
    {
        var redis = ExternalTool.Require("redis-server", "redis-server");
        var folder = new TempDirectory();
        var port = FreePort.Next();
        string[] arguments =
        [
            "--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--unixsocket", folder.Combine("redis.sock"),
            "--save", "", "--appendonly", "no", "--daemonize", "no", "--dir", folder.Path,
        ];
        return new RedisServer(await redis.StartAsync(arguments, folder.Path, "eady to accept connections"), folder, port);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Dispose();
    }
}
