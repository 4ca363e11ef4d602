using System.Net;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Tests.Common;
using WmProxy.Udp;

namespace WmProxy.Tests.Udp;

public sealed class UdpReceiversTests
{
    private readonly Receiver _receiver = new();

    [Fact]
    public void Leave_TheLast_ClosesTheSockets()
    {
        var receivers = new UdpReceivers { All = [_receiver] };
        Assert.True(receivers.TryEnter());
        receivers.Leave();
        Assert.True(receivers.IsOpen);
        Assert.Equal(0, _receiver.Closed);

        receivers.Leave();

        Assert.False(receivers.IsOpen);
        Assert.Equal(1, _receiver.Closed);
        Assert.False(receivers.TryEnter());
    }

    [Fact]
    public void Close_WithUsers_ClosesOnceAndTheirLeavingDoesNothing()
    {
        var receivers = new UdpReceivers { All = [_receiver] };
        Assert.True(receivers.TryEnter());

        receivers.Close();
        receivers.Close();
        receivers.Leave();
        receivers.Leave();

        Assert.Equal(1, _receiver.Closed);
        Assert.False(receivers.TryEnter());
    }

    [Fact]
    public async Task Leave_WhileOthersEnter_ClosesOnceAndOnlyWhenNobodyIsLeft()
    {
        for (var round = 0; round < 200; round++)
        {
            var receiver = new Receiver();
            var receivers = new UdpReceivers { All = [receiver] };
            var inside = 0;
            var wasClosedUnderAUser = false;
            receiver.OnClose = () => wasClosedUnderAUser = Volatile.Read(ref inside) > 0;
            var start = new Barrier(3);
            var users = new Task[2];
            for (var i = 0; i < users.Length; i++)
            {
                users[i] = Task.Run(() =>
                {
                    start.SignalAndWait();
                    for (var turn = 0; turn < 50 && receivers.TryEnter(); turn++)
                    {
                        Interlocked.Increment(ref inside);
                        Interlocked.Decrement(ref inside);
                        receivers.Leave();
                    }
                });
            }

            start.SignalAndWait();
            receivers.Leave();
            await Task.WhenAll(users).Within();

            Assert.Equal(1, receiver.Closed);
            Assert.False(wasClosedUnderAUser);
        }
    }

    private sealed class Receiver : IUdpReceiver
    {
        private int _closed;

        public System.Action? OnClose { get; set; }

        public int Closed => _closed;

        public IPEndPoint EndPoint => new(IPAddress.Loopback, 1);

        public void Start()
        {
        }

        public void Drain()
        {
        }

        public void Resume()
        {
        }

        public void Close()
        {
            Interlocked.Increment(ref _closed);
            OnClose?.Invoke();
        }
    }
}
