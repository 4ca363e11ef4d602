using System.IO.Pipelines;
using System.Linq;
using System.Net;
using System.Text;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using WmProxy.Connections;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Streams;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Streams;

/// <summary>Streams on connections that another server accepted.</summary>
public sealed class ForeignConnectionTests
{
    [Fact]
    public async Task KestrelEndpoint_UseWmProxyStream_ForwardsBothWays()
    {
        await using var echo = new EchoServer();
        await using var host = await ProxyHost.StartAsync(
            Configuration(echo),
            builder => builder.WebHost.ConfigureKestrel((_, kestrel) => kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.UseWmProxyStream("s"))));
        using var records = new ConnectionRecords(host);
        var address = host.Application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        using var client = await RawClient.ConnectAsync(address.Replace("http://", "tcp://", System.StringComparison.Ordinal));

        await client.SendAsync("hello");
        Assert.Equal("hello"u8.ToArray(), await client.ReadExactlyAsync(5));
        var row = host.Connections.Connections.Single();
        Assert.Equal(client.LocalEndPoint, row.ClientEndPoint);
        client.HalfClose();

        Assert.Equal(ReadEnd.Fin, (await client.ReadToEndAsync()).End);
        Assert.Equal("Completed", (await records.NextAsync()).Reason);
        await Deadline.PollAsync(() => Task.FromResult(host.Connections.Count == 0));
    }

    [Fact]
    public async Task InMemoryConnection_RunsToItsEnd()
    {
        await using var echo = new EchoServer();
        await using var host = await ProxyHost.StartAsync(Configuration(echo));
        var (running, client) = Run(host, "s");

        await client.Output.WriteAsync("hello"u8.ToArray());
        await client.Output.CompleteAsync();

        var answer = await client.Input.ReadAtLeastAsync(5).AsTask().Within();
        Assert.Equal("hello", Encoding.ASCII.GetString(answer.Buffer));
        client.Input.AdvanceTo(answer.Buffer.End);
        Assert.True((await client.Input.ReadAsync().AsTask().Within()).IsCompleted);
        await running.Within();
        Assert.Equal(0, host.Connections.Count);
    }

    [Fact]
    public async Task InMemoryConnection_Aborted_EndsAlthoughItsPipesDoNot()
    {
        await using var echo = new EchoServer();
        await using var host = await ProxyHost.StartAsync(Configuration(echo));
        using var records = new ConnectionRecords(host);
        var (running, _) = Run(host, "s");
        await host.WaitForConnectionsAsync(connections => connections.Count == 1);

        host.Connections.Connections.Single().Abort(ConnectionEndReason.Killed);

        await running.Within();
        Assert.Equal("Killed", (await records.NextAsync()).Reason);
    }

    [Fact]
    public async Task InMemoryConnection_OfAnUnknownStream_IsRefused()
    {
        await using var echo = new EchoServer();
        await using var host = await ProxyHost.StartAsync(Configuration(echo));
        using var records = new ConnectionRecords(host);

        await Run(host, "other").Running.Within();

        Assert.Equal("NoMatchingStream", (await records.NextAsync()).Reason);
        Assert.Equal(0, echo.AcceptedCount);
    }

    private static string Configuration(EchoServer echo) =>
        $$"""{ "WmProxy": { "Streams": { "s": { "Listen": "tcp://127.0.0.1:0", "To": "{{echo.Address}}" } } } }""";

    private static (Task Running, IDuplexPipe Client) Run(ProxyHost host, string stream)
    {
        var up = new Pipe();
        var down = new Pipe();
        var connection = new DefaultConnectionContext("1") { Transport = new Duplex(up.Reader, down.Writer) };
        return (host.Application.Services.GetRequiredService<StreamEndpointHandler>().RunAsync(connection, stream), new Duplex(down.Reader, up.Writer));
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
