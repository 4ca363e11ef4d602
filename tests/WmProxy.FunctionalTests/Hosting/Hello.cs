using System.IO;
using System.Linq;
using System.Net.Security;
using System.Net.Sockets;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Hosting;

/// <summary>The first bytes of a real TLS client.</summary>
internal static class Hello
{
    public static async Task<byte[]> CaptureAsync(string? serverName, params string[] protocols)
    {
        var captured = new TaskCompletionSource<byte[]>();
        await using var server = new TestServerSocket(async (connection, _) =>
        {
            var head = await connection.ReadExactlyAsync(5);
            captured.TrySetResult([.. head, .. await connection.ReadExactlyAsync((head[3] << 8) + head[4])]);
            connection.Reset();
        });
        using var client = await RawClient.ConnectAsync(server.EndPoint);
        using var network = new NetworkStream(client.Socket);
        using var tls = new SslStream(network);
        await Assert.ThrowsAnyAsync<IOException>(() => tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = serverName ?? "",
            ApplicationProtocols = [.. protocols.Select(protocol => new SslApplicationProtocol(protocol))],
        }));
        return await captured.Task.Within();
    }
}
