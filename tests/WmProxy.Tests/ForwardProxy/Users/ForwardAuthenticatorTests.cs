using System;
using System.Linq;
using System.Net;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging.Abstractions;
using WmProxy.Configuration;
using WmProxy.ForwardProxy;
using WmProxy.ForwardProxy.Users;
using WmProxy.Tests.Clusters;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.ForwardProxy.Users;

public sealed class ForwardAuthenticatorTests
{
    private static readonly IPAddress Client = IPAddress.Parse("192.0.2.1");

    private readonly SignalingTimeProvider _time = new();
    private readonly ForwardFixture _fixture = new();
    private readonly LoginThrottle _throttle;
    private readonly ForwardAuthenticator _authenticator;

    public ForwardAuthenticatorTests()
    {
        _throttle = new LoginThrottle(_time);
        _authenticator = new ForwardAuthenticator(_throttle, _fixture.Metrics, _time, NullLogger<ForwardAuthenticator>.Instance);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Authenticate_RightLogin_GivesTheNameTheSecondTimeWithoutAHash(bool isHashed)
    {
        var proxy = Proxy(isHashed);

        Assert.Equal("alice", await AuthenticateAsync(proxy, "alice", "clear"));
        Assert.Equal(1, proxy.Users!.Verified.Count);
        Assert.Equal("alice", await AuthenticateAsync(proxy, "alice", "clear"));
        Assert.Equal(1, proxy.Users.Verified.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Authenticate_WrongLogin_IsNotRemembered(bool isHashed)
    {
        var proxy = Proxy(isHashed);

        Assert.Null(await AuthenticateAsync(proxy, "alice", "wrong"));
        Assert.Null(await AuthenticateAsync(proxy, "nobody", "clear"));
        Assert.Equal(0, proxy.Users!.Verified.Count);
    }

    [Fact]
    public async Task Authenticate_ProxyWithoutUsers_KnowsNobody() =>
        Assert.Null(await AuthenticateAsync(_fixture.Proxy(), "alice", "clear"));

    [Fact]
    public async Task Authenticate_AfterManyFailures_AnswersLate()
    {
        var proxy = Proxy();
        await FailAsync(proxy, LoginThrottle.FreeFailures);

        var late = AuthenticateAsync(proxy, "alice", "clear");
        Assert.True(await _time.TimerCreated.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.False(late.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(250));

        Assert.Equal("alice", await late);
        Assert.Equal(0, _throttle.Count);
    }

    [Fact]
    public async Task Authenticate_TooManyAtATime_RefusesWithoutALook()
    {
        var proxy = Proxy();
        await FailAsync(proxy, 20);
        _ = AuthenticateAsync(proxy, "alice", "wrong");

        Assert.Null(await AuthenticateAsync(proxy, "alice", "clear"));
    }

    [Fact]
    public async Task Authenticate_RightBeforeOthersOfItsAddressFailed_IsNotSlowedDown()
    {
        var proxy = Proxy();
        Assert.Equal("alice", await AuthenticateAsync(proxy, "alice", "clear"));
        await FailAsync(proxy, 20);

        Assert.Equal("alice", await AuthenticateAsync(proxy, "alice", "clear"));
    }

    [Fact]
    public async Task Authenticate_ManyWrongOnesOfOneClientAtATime_AreThrottledAllTheSame()
    {
        var proxy = Proxy(isHashed: true);
        var logins = Enumerable.Range(0, 64).Select(i => AuthenticateAsync(proxy, "alice", $"wrong{i}")).ToList();
        var all = Task.WhenAll(logins);
        await Deadline.PollAsync(() =>
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            return Task.FromResult(all.IsCompleted);
        });

        Assert.All(await all, Assert.Null);
        Assert.Equal("alice", await new ForwardAuthenticator(new LoginThrottle(_time), _fixture.Metrics, _time, NullLogger<ForwardAuthenticator>.Instance)
            .AuthenticateAsync(proxy, "alice"u8.ToArray(), "clear"u8.ToArray(), Client, CancellationToken.None));
        Assert.NotEqual(TimeSpan.Zero, await _throttle.EnterAsync(Client, CancellationToken.None));
    }

    [Fact]
    public async Task Authenticate_NextAddressOfTheSameNetwork_IsKnownAsTheSameClient()
    {
        var proxy = Proxy();
        Assert.Equal("alice", await AuthenticateAsync(proxy, "alice", "clear", "2001:db8::1"));
        Assert.Equal("alice", await AuthenticateAsync(proxy, "alice", "clear", "2001:db8::2"));
        Assert.Equal(1, proxy.Users!.Verified.Count);

        Assert.Equal("alice", await AuthenticateAsync(proxy, "alice", "clear", "2001:db8:0:1::2"));
        Assert.Equal(2, proxy.Users.Verified.Count);
    }

    [Fact]
    public async Task Authenticate_NoTurnWithinTheTimeLimit_IsRefused()
    {
        var proxy = Proxy();
        for (var i = 0; i < LoginThrottle.FreeFailures; i++)
        {
            await _throttle.EnterAsync(Client, CancellationToken.None);
        }

        var late = AuthenticateAsync(proxy, "alice", "clear");
        _time.Advance(ForwardAuthenticator.TimeLimit - TimeSpan.FromSeconds(1));
        Assert.False(late.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Null(await late);
    }

    [Fact]
    public async Task Authenticate_Canceled_Throws()
    {
        var proxy = Proxy();
        await FailAsync(proxy, LoginThrottle.FreeFailures);
        using var gone = new CancellationTokenSource();
        var late = _authenticator.AuthenticateAsync(proxy, "alice"u8.ToArray(), "clear"u8.ToArray(), Client, gone.Token).AsTask();
        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => late.Within());
    }

    [Fact]
    public async Task Authenticate_ManyHashesAtATime_AllAreAnswered()
    {
        var proxy = Proxy(isHashed: true);
        var logins = Enumerable.Range(0, 32).Select(i => _authenticator.AuthenticateAsync(
            proxy, "alice"u8.ToArray(), i % 2 == 0 ? "clear"u8.ToArray() : "wrong"u8.ToArray(), new IPAddress([10, 0, 0, (byte)i]), CancellationToken.None).AsTask());

        Assert.Equal(16, (await Task.WhenAll(logins).Within()).Count(name => name == "alice"));
    }

    [Fact]
    public async Task Authenticate_AsManyAsMayWaitForAHashWait_RefusesTheNextAtOnceAndNoneOfThem()
    {
        using var turns = new SemaphoreSlim(0);
        var authenticator = new ForwardAuthenticator(_throttle, _fixture.Metrics, _time, NullLogger<ForwardAuthenticator>.Instance, turns);
        var proxy = Proxy(isHashed: true);
        var waiting = Enumerable.Range(0, ForwardAuthenticator.MaxWaiting).Select(LogInAsync).ToList();
        Assert.DoesNotContain(waiting, login => login.IsCompleted);

        Assert.Null(await LogInAsync(ForwardAuthenticator.MaxWaiting).Within());
        Assert.DoesNotContain(waiting, login => login.IsCompleted);

        turns.Release();
        Assert.All(await Task.WhenAll(waiting).Within(), name => Assert.Equal("alice", name));
        Assert.Equal("alice", await LogInAsync(ForwardAuthenticator.MaxWaiting).Within());

        // Each from an address of its own, so that the throttle has nothing against it.
        Task<string?> LogInAsync(int number) => authenticator.AuthenticateAsync(
            proxy, "alice"u8.ToArray(), "clear"u8.ToArray(), new IPAddress([10, 0, (byte)(number >> 8), (byte)number]), CancellationToken.None).AsTask();
    }

    private ForwardProxyModel Proxy(bool isHashed = false, int iterations = 1000) => _fixture.Compile(new ForwardProxyConfig
    {
        ProxyId = "p",
        Users = UserTableTests.Users(isHashed ? ("alice", null, PasswordHash.Create("clear"u8, iterations).ToString()) : ("alice", "clear", null)),
    });

    private async Task FailAsync(ForwardProxyModel proxy, int count)
    {
        Assert.Null(await AuthenticateAsync(proxy, "alice", "wrong"));
        await LoginThrottleTests.FailAsync(_throttle, _time, Client, count - 1);
    }

    private Task<string?> AuthenticateAsync(ForwardProxyModel proxy, string user, string password, string client = "192.0.2.1") =>
        _authenticator.AuthenticateAsync(proxy, Encoding.UTF8.GetBytes(user), Encoding.UTF8.GetBytes(password), IPAddress.Parse(client), CancellationToken.None).AsTask().Within();
}
