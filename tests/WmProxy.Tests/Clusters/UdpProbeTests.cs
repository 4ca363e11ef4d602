using System;
using System.Net;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using WmProxy.Clusters;
using WmProxy.Connectors;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Clusters;

public sealed class UdpProbeTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly UdpProbe _probe;

    public UdpProbeTests() => _probe = new UdpProbe(new AddressResolver(_time, name => name == "known.example"
        ? Task.FromResult<IPAddress[]>([IPAddress.Loopback])
        : Task.FromException<IPAddress[]>(new InvalidOperationException("no such name"))), _time);

    [Theory]
    [InlineData("PING")]
    [InlineData("")]
    public async Task ProbeAsync_NobodyListens_SaysSo(string send)
    {
        var port = FreePort.NextUdp();
        Assert.Equal($"nobody listens at 127.0.0.1:{port} (ICMP port unreachable)", await ProbeAsync($"udp://127.0.0.1:{port}", send, "").Within());
    }

    [Theory]
    [InlineData("PING")]
    [InlineData("")]
    public async Task ProbeAsync_Silence_IsWellAfterASecond(string send)
    {
        using var destination = new UdpPeer();
        var probing = ProbeAsync(destination.Address, send, "");
        Assert.Equal(send, (await destination.ReceiveAsync()).Text);
        Assert.False(probing.IsCompleted);

        await Deadline.PollAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(probing.IsCompleted);
        });

        Assert.Null(await probing);
    }

    [Fact]
    public async Task ProbeAsync_AnyAnswer_IsWellAtOnce()
    {
        await using var echo = new UdpEchoServer();
        Assert.Null(await ProbeAsync(echo.Address, "PING", "").Within());
        Assert.Null(await ProbeAsync($"udp://known.example:{echo.Port}", new string('x', 4096), "").Within());
    }

    [Fact]
    public async Task ProbeAsync_ExpectedAnswerAfterOthers_IsWell()
    {
        using var destination = new UdpPeer();
        var probing = ProbeAsync(destination.Address, "PING", "PONG");
        var from = (await destination.ReceiveAsync()).From;
        destination.Send("something else", from);
        destination.Send("", from);
        Assert.False(probing.IsCompleted);
        destination.Send("the PONG", from);

        Assert.Null(await probing.Within());
    }

    [Fact]
    public async Task ProbeAsync_OnlyOtherAnswers_SaysSoWhenTimeIsUp()
    {
        await using var echo = new UdpEchoServer();
        using var time = new CancellationTokenSource();
        var probing = ProbeAsync(echo.Address, "PING", "PONG", time.Token);
        await Deadline.PollAsync(() => Task.FromResult(echo.Count == 1));

        await Deadline.PollAsync(async () =>
        {
            // The answer may not have been looked at yet.
            await time.CancelAsync();
            return probing.IsCompleted;
        });

        var ended = await Record.ExceptionAsync(() => probing);
        Assert.True(ended is OperationCanceledException || await probing == "it answers, but not with what is expected");
    }

    [Fact]
    public async Task ProbeAsync_SilenceWhereAnAnswerIsExpected_LastsUntilTimeIsUp()
    {
        using var destination = new UdpPeer();
        using var time = new CancellationTokenSource();
        var probing = ProbeAsync(destination.Address, "PING", "PONG", time.Token);
        await destination.ReceiveAsync();
        await time.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => probing.Within());
    }

    [Fact]
    public async Task ProbeAsync_UnknownName_SaysSo() =>
        Assert.Equal("other.example: no such name", await ProbeAsync("udp://other.example:53", "", "").Within());

    private Task<string?> ProbeAsync(string address, string send, string expect, CancellationToken cancellationToken = default)
    {
        Assert.True(DestinationAddress.TryParse(address, null, out var parsed, out var error), error);
        return _probe.ProbeAsync(parsed, new ProbeDialogue(Encoding.UTF8.GetBytes(send), Encoding.UTF8.GetBytes(expect)), cancellationToken);
    }
}
