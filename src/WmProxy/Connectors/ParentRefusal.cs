using System.Net.Sockets;

namespace WmProxy.Connectors;

/// <summary>Why a parent proxy did not connect to a target.</summary>
/// <param name="Error">In words for a log.</param>
/// <param name="Fault">Whose failure it is.</param>
/// <param name="Code">The reason that the parent gives; <see cref="SocketError.Success"/> for none.</param>
internal sealed record ParentRefusal(string Error, ConnectFault Fault = ConnectFault.Destination, SocketError Code = SocketError.Success);
