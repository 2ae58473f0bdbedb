// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A jar that anybody can put ether in, with a name and a message, and that its owner can empty.
/// @notice The bounds keep an event, and so the page that shows it, small. The smallest tip is the server's business.
contract TipJar {
    uint256 public constant NAME_SIZE_BYTES_MAX = 64;
    uint256 public constant MESSAGE_SIZE_BYTES_MAX = 280;

    address public immutable owner;
    /// Tips ever left, and the wei in all of them; a withdrawal changes neither.
    uint256 public count;
    uint256 public total;

    event Tip(address indexed from, string name, string message, uint256 amount);
    event Withdrawal(address indexed to, uint256 amount);

    error NoEther();
    error NameSize(uint256 sizeBytes);
    error MessageSize(uint256 sizeBytes);
    error NotOwner(address caller);
    error WithdrawalRefused(address to);

    /// The owner is an argument, since a deployment through a factory is not sent by the owner.
    constructor(address owner_) {
        owner = owner_;
    }

    function tip(string calldata name, string calldata message) external payable {
        if (msg.value == 0) revert NoEther();
        if (bytes(name).length == 0 || bytes(name).length > NAME_SIZE_BYTES_MAX) revert NameSize(bytes(name).length);
        if (bytes(message).length > MESSAGE_SIZE_BYTES_MAX) revert MessageSize(bytes(message).length);

        count += 1;
        total += msg.value;
        emit Tip(msg.sender, name, message, msg.value);
    }

    /// Sends all that is in the jar to `to`.
    function withdraw(address payable to) external {
        if (msg.sender != owner) revert NotOwner(msg.sender);

        uint256 amount = address(this).balance;
        emit Withdrawal(to, amount);
        (bool isSent, ) = to.call{value: amount}("");
        if (!isSent) revert WithdrawalRefused(to);
    }
}
