using System.Net;

namespace WmProxy.Udp;

/// <summary>A listening socket, and the sessions of whoever sends to it.</summary>
internal interface IUdpReceiver
{
    /// <summary>Where it listens.</summary>
    IPEndPoint EndPoint { get; }

    void Start();

    /// <summary>Closes the socket and ends its sessions, which could not be answered without it.</summary>
    void Close();
}
